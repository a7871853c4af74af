import Glibc
import PenstockTesting
import Testing

/// The processes and the directory of a running `penstock demo`, as the kernel sees them.
struct DemoFamily {
    let workers: [Int32]
    let server: Int32
    /// The private directory of its Redis.
    let directory: String

    /// Waits until the tour's server and its two worker processes run.
    static func of(_ demo: Int32) async throws -> DemoFamily {
        var family: DemoFamily?
        try await eventually("the demo's server and workers", within: .seconds(30)) {
            let children = processes().filter { parent(of: $0) == demo }
            let workers = children.filter { words(of: $0).contains("demo-worker") }
            // A child that has not reached its exec yet still has our words.
            guard workers.count >= 2, let url = words(of: workers[0]).last(where: { $0.hasPrefix("unix://") }),
                let socket = url.dropFirst("unix://".count).split(separator: "/", omittingEmptySubsequences: false).last
            else { return false }
            let directory = String(url.dropFirst("unix://".count).dropLast(socket.count + 1))
            guard let server = children.first(where: { folder(of: $0) == directory }) else { return false }
            family = DemoFamily(workers: workers, server: server, directory: directory)
            return true
        }
        return try #require(family)
    }

    /// Nothing that names the directory, or works in it, is left; nor is the directory.
    var isGone: Bool {
        access(directory, F_OK) != 0
            && !(workers + [server]).contains(where: Self.isAlive)
            && !Self.processes().contains { pid in
                Self.folder(of: pid) == directory || Self.words(of: pid).contains { $0.contains(directory) }
            }
    }

    private static func isAlive(_ pid: Int32) -> Bool { fields(of: pid).first.map { $0 != "Z" } ?? false }

    private static func parent(of pid: Int32) -> Int32? {
        let fields = fields(of: pid)
        return fields.count > 1 ? Int32(fields[1]) : nil
    }

    private static func processes() -> [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var pids: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { $0.prefix { $0 != 0 } }
            if let pid = Int32(String(decoding: name, as: UTF8.self)) { pids.append(pid) }
        }
        return pids
    }

    /// State, parent, group, ...
    private static func fields(of pid: Int32) -> [String] {
        let text = String(decoding: contents("/proc/\(pid)/stat"), as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return [] }
        return text[text.index(after: end)...].split(separator: " ").map(String.init)
    }

    private static func words(of pid: Int32) -> [String] {
        contents("/proc/\(pid)/cmdline").split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func folder(of pid: Int32) -> String? {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(pid)/cwd", &path, path.count)
        return count > 0 ? String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    private static func contents(_ path: String) -> [UInt8] {
        guard let file = fopen(path, "re") else { return [] }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
