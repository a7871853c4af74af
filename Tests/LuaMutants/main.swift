import Foundation
import PenstockTesting
import ScriptRendering

let usage = """
    usage: LuaMutants [--sample N] [--seed S] [--only PART] [--tag TAG] [--jobs N] [--steps N] [--list] [--summary]
                      [--quick] [--again] [--also FILTER] [--results FILE]
      Changes lua/ in one place at a time, and runs the built tests of the store against each change.
      --sample N      so many mutants, spread over all files
      --only PART     those whose file, or file:line, has this in its name
      --tag TAG       fence, wake-up, "limit release" or "chunk bound"
      --jobs N        at a time; 2 by default
      --steps N       of the model fuzz, which comes first; 1000 by default
      --list          names the mutants and tries none
      --summary       tells what is known and tries none
      --quick         leaves out the tests that count what a call costs
      --again         tries survivors once more, and nothing else
      --also FILTER   these tests too, at the end: those with workers are not among the others
      --results FILE  where verdicts are kept: what is in it is not tried again; .build/lua-mutants.tsv by default
    Run it in the root of the package, after `swift build --build-tests`.
    """

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data("\(message)\n".utf8))
    exit(64)
}

var options: [String: String] = [:]
var words = CommandLine.arguments.dropFirst()
while let word = words.popFirst() {
    switch word {
    case "--list", "--summary", "--quick", "--again": options[word] = ""
    case "--sample", "--seed", "--only", "--tag", "--jobs", "--steps", "--also", "--results":
        guard let value = words.popFirst() else { fail("\(word) needs a value\n\(usage)") }
        options[word] = value
    default: fail(usage)
    }
}
@MainActor func number(_ name: String, or other: Int) -> Int {
    guard let text = options[name] else { return other }
    guard let value = Int(text), value >= 0 else { fail("\(name) must be a number; it is \(text)") }
    return value
}

/// At once, also into a file.
func say(_ line: String) { FileHandle.standardOutput.write(Data("\(line)\n".utf8)) }

let root = URL(fileURLWithPath: FileManager.default.currentDirectoryPath, isDirectory: true)
let binary = root.appendingPathComponent(".build/debug/penstockPackageTests.xctest")
guard FileManager.default.isExecutableFile(atPath: binary.path) else {
    fail("The tests are not built: run `swift build --build-tests` in the root of the package.")
}

let files = try ScriptLibrary.files(packageRoot: root).sorted { $0.path < $1.path }
let includes = Set(files.filter { $0.role == .include }.map(\.name))
let all = files.flatMap { Mutant.all(of: $0, includes: includes) }
let asked = all.filter { mutant in
    options["--only"].map { "\(mutant.path):\(mutant.line):".contains($0) } ?? true
        && options["--tag"].map { tag in mutant.tags.contains { $0.rawValue == tag } } ?? true
}
var chosen = asked
var random = SeededRandom(seed: UInt64(number("--seed", or: 1)))
if options["--sample"] != nil {
    // Every n-th of a list that is ordered by place covers all files as they are large.
    let count = min(number("--sample", or: 0), asked.count)
    let step = Double(asked.count) / Double(max(count, 1))
    let shift = Double.random(in: 0..<max(step, 1), using: &random)
    chosen = (0..<count).map { asked[min(asked.count - 1, Int(Double($0) * step + shift))] }
}

if options["--list"] != nil {
    for mutant in chosen {
        print("\(mutant.path):\(mutant.line) \(mutant.kind.rawValue)\n    \(mutant.after)")
    }
    print("\(chosen.count) of \(all.count) mutants")
    exit(0)
}
let results = URL(fileURLWithPath: options["--results"] ?? root.path + "/.build/lua-mutants.tsv")
var record = try Record(results)
if options["--summary"] == nil {
    let doctor: Set = [
        "confirm", "examine", "list_tasks", "locate", "mend", "mend_task", "walk_keys", "weigh_run",
    ]
    let (fuzz, steps) = ("PenstockStoreTests.(Run)?FuzzTests", number("--steps", or: 1000))
    // Those that are slow come last, and those of time not at all.
    var stages = [
        Trial.Stage(name: "fuzz", filter: fuzz, seconds: 30 + steps / 20),
        Trial.Stage(
            name: "store tests", filter: "PenstockStoreTests",
            skipped: [
                fuzz, "ShrinkerTests", "VerbTests", "Audit", "CorruptionTests", "CostTests", "DeletedKeyTests",
                "hundred.thousand", "no.drift",
            ]),
        Trial.Stage(name: "doctor", filter: "CorruptionTests", scripts: doctor),
    ]
    if options["--quick"] == nil { stages.append(Trial.Stage(name: "costs", filter: "CostTests")) }
    if let also = options["--also"] { stages.append(Trial.Stage(name: "others", filter: also)) }
    let trial = Trial(
        try ScriptLibrary(files: files), stages: stages, binary: binary, steps: steps)
    let asked = chosen.filter { mutant in
        let known = record.verdicts[mutant.id]
        return options["--again"] == nil ? known == nil : known == .survived
    }.shuffled(using: &random)
    // A bound that is off by one is often the same: first what is removed or inverted.
    let todo = asked.filter { $0.kind != .shifted } + asked.filter { $0.kind == .shifted }
    say("\(chosen.count) of \(all.count) mutants, \(todo.count) to be tried")
    var before = try await trial.verdict()
    // Once more: a machine that slept in between is no fault of the tests.
    if before != .survived { before = try await trial.verdict() }
    guard before == .survived else { fail("The tests fail without a mutant: \(before.text)") }
    let begin = ContinuousClock.now
    try await withThrowingTaskGroup(of: (Mutant, Trial.Verdict).self) { group in
        var rest = todo[...]
        var done = 0
        func next() {
            guard let mutant = rest.popFirst() else { return }
            group.addTask { (mutant, try await trial.verdict(on: mutant)) }
        }
        for _ in 0..<number("--jobs", or: 2) { next() }
        while let (mutant, verdict) = try await group.next() {
            try record.add(mutant, verdict)
            done += 1
            let seconds = (ContinuousClock.now - begin) / .seconds(1)
            let place = "\(mutant.path):\(mutant.line) \(mutant.kind.rawValue)"
            say("\(done)/\(todo.count) \(Int(seconds)) s \(place): \(verdict.text)")
            next()
        }
    }
}
print(record.summary(of: chosen))
