import ArgumentParser
import Penstock

/// What may keep a job from starting, or from being one more: limits, expiry, unique keys.
struct LimitOptions: ParsableArguments {
    enum UniqueUntil: String, ExpressibleByArgument, CaseIterable {
        case start
        case finish
        case death
    }

    @OptionGroup var keys: LimitKeyOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "At most one job for this key: while one holds it, its id is the answer, and nothing is stored.",
            valueName: "key"),
        transform: NameText.key)
    var unique: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --unique: the key is held until the job starts, finishes (a dead letter keeps it), or is finished or dead. Default: finish.",
            valueName: "start|finish|death"))
    var uniqueUntil: UniqueUntil?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("At most one job for this key in each --throttle-period.", valueName: "key"),
        transform: NameText.key)
    var throttle: String?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("With --throttle: the period.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var throttlePeriod: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "One job for this key, --debounce-wait after the last enqueue, with the last payload.", valueName: "key"),
        transform: NameText.key)
    var debounce: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("With --debounce: how long to wait for the next one.", valueName: "duration"),
        transform: DurationText.parsePositive)
    var debounceWait: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "With --debounce: start no later than this after the first enqueue. Default: ten times the wait.",
            valueName: "duration"),
        transform: DurationText.parsePositive)
    var debounceAtMost: Duration?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The batch that the job becomes a member of. Default: none.", valueName: "batch"),
        transform: BatchText.parse)
    var batch: BatchID?

    func validate() throws {
        let exclusive = [("--unique", unique), ("--throttle", throttle), ("--debounce", debounce)].filter {
            $0.1 != nil
        }
        if exclusive.count > 1 {
            throw ValidationError("\(exclusive.map(\.0).joined(separator: " and ")) exclude each other: give one.")
        }
        if uniqueUntil != nil && unique == nil { throw ValidationError("--unique-until goes with --unique KEY.") }
        if throttlePeriod != nil && throttle == nil {
            throw ValidationError("--throttle-period goes with --throttle KEY.")
        }
        if throttle != nil && throttlePeriod == nil {
            throw ValidationError("--throttle needs --throttle-period, like 10s.")
        }
        if debounce == nil && (debounceWait != nil || debounceAtMost != nil) {
            let option = debounceWait != nil ? "--debounce-wait" : "--debounce-at-most"
            throw ValidationError("\(option) goes with --debounce KEY.")
        }
        if debounce != nil && debounceWait == nil {
            throw ValidationError("--debounce needs --debounce-wait, like 5s.")
        }
        if let debounceWait, let debounceAtMost, debounceAtMost < debounceWait {
            throw ValidationError("--debounce-at-most must be at least --debounce-wait.")
        }
    }

    /// Refuses what does not go with the other options of the command.
    func check(delay: Duration?, at: Int64?, key: String?, jsonl: Bool) throws {
        let unique = unique != nil ? "--unique" : throttle != nil ? "--throttle" : debounce != nil ? "--debounce" : nil
        if jsonl, let unique {
            throw ValidationError("\(unique) cannot stand for many jobs: leave it out, or enqueue without --jsonl.")
        }
        if debounce != nil, delay != nil || at != nil {
            throw ValidationError(
                "--debounce and \(delay != nil ? "--delay" : "--at") exclude each other: the job starts after --debounce-wait."
            )
        }
        if debounce != nil && key != nil {
            throw ValidationError(
                "--debounce and --key exclude each other: with --key a repetition counts for nothing. Leave one out.")
        }
        if let expires = keys.expires, let wait = debounceWait ?? delay, expires <= wait {
            throw ValidationError(
                "--expires must be longer than \(delay == nil ? "--debounce-wait" : "--delay"): the job would end before it may start."
            )
        }
    }

    func apply(to options: inout EnqueueOptions) {
        keys.apply(to: &options)
        options.batch = batch
        if let unique {
            let until: Uniqueness.Until =
                switch uniqueUntil ?? .finish {
                case .start: .started
                case .finish: .finished
                case .death: .died
                }
            options.unique = Uniqueness(unique, until: until)
        } else if let throttle, let throttlePeriod {
            options.unique = .throttle(throttle, per: throttlePeriod)
        } else if let debounce, let debounceWait {
            options.unique = .debounce(debounce, wait: debounceWait, atMost: debounceAtMost)
        }
    }
}
