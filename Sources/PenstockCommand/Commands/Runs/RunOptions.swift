import ArgumentParser
import Penstock

/// By what a run is found, and whom it tells. What is not given stays as it is.
struct RunOptions: ParsableArguments {
    @Option(
        name: .customLong("tag"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("A word to find the run by; may be repeated, up to 16 times.", valueName: "word"),
        transform: RunText.tag)
    var tags: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Where to POST what becomes of the run and its steps; workers need a sender for it. Default: nowhere.",
            valueName: "url"))
    var callback: String?

    @Option(
        name: .customLong("attribute"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Sent along with each callback; may be repeated.", valueName: "name=value"),
        transform: HeaderArgument.init)
    var attributes: [HeaderArgument] = []

    func validate() throws {
        if callback == nil && !attributes.isEmpty { throw ValidationError("--attribute goes with --callback.") }
        if let callback, !callback.hasPrefix("https://"), !callback.hasPrefix("http://") {
            throw ValidationError("--callback: write a URL that begins with https:// or http://.")
        }
        var seen: Set<String> = []
        for attribute in attributes where !seen.insert(attribute.name).inserted {
            throw ValidationError("--attribute: \"\(attribute.name)\" is given twice; a callback has each once.")
        }
        if tags.count > 16 { throw ValidationError("--tag: a run has at most 16 tags; given are \(tags.count).") }
    }

    /// The first option that is given, if any is.
    var given: String? { tags.isEmpty ? callback.map { _ in "--callback" } : "--tag" }

    func apply(to options: inout StartOptions) {
        if !tags.isEmpty { options.tags = tags }
        if let callback {
            options.callback = RunCallback(
                url: callback, attributes: Dictionary(attributes.map { ($0.name, $0.value) }) { $1 })
        }
    }
}
