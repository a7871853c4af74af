import EmbeddedRedis
import Glibc

/// What `sha256sum` of the system says about files: a computation that shares no code with ours.
struct IndependentDigests {
    private(set) var digests: [FileName: String] = [:]
    /// What it complained about.
    private(set) var complaint = ""

    static func check() throws(CommandFailure) {
        for program in ["xargs", "sha256sum"] where path(of: program) == nil {
            throw CommandFailure(
                "program_missing",
                "\(program) is missing: the tour compares all checksums with it. On Debian and Ubuntu: apt-get install coreutils findutils"
            )
        }
    }

    /// The names go in through a file in memory and the digests come out through another one, both separated by NUL, so
    /// that no name is too odd and nobody waits for a pipe. The program ends with its owner.
    static func of(_ files: [FileName]) async throws -> IndependentDigests {
        guard let xargs = path(of: "xargs") else { return IndependentDigests() }
        let names = try OwnedDescriptor.memory(holding: files.flatMap { $0.bytes + [0] })
        let output = try OwnedDescriptor.memory(holding: [])
        let errors = try OwnedDescriptor.memory(holding: [])
        let process = try GuardedProcess(
            Spawn(
                program: xargs, arguments: ["-0", "-r", "sha256sum", "-z", "--"],
                environment: ["PATH=\(searchPath)", "LC_ALL=C"], workingDirectory: "/",
                descriptors: [names.number, output.number, errors.number]), lastWill: .kill())
        while await process.waitForExit(within: .seconds(1)) == nil {
            guard !Task.isCancelled else {
                await process.finish()
                throw CancellationError()
            }
        }
        await process.finish()
        var result = IndependentDigests(parsing: contents(output.number))
        result.complaint = String(decoding: contents(errors.number).prefix(2000), as: UTF8.self)
        return result
    }

    init() {}

    /// Reads `digest, space, mode, name, NUL` for each file.
    init(parsing output: [UInt8]) {
        for line in output.split(separator: 0) where line.count > 66 {
            digests[FileName(line.dropFirst(66))] = String(decoding: line.prefix(64), as: UTF8.self)
        }
    }

    private static func contents(_ descriptor: Int32) -> [UInt8] {
        let size = Int(lseek(descriptor, 0, SEEK_END))
        guard size > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
            while filled < size {
                let count = pread(descriptor, buffer.baseAddress.map { $0 + filled }, size - filled, off_t(filled))
                guard count > 0 else { return }
                filled += count
            }
        }
    }

    private static var searchPath: String {
        getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    }

    private static func path(of program: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(program)" }.first { access($0, X_OK) == 0 }
    }
}
