import Glibc

/// What the kernel says about processes, without touching them.
enum ProcessTable {
    /// Running or stopped, but not a zombie that waits to be reaped.
    static func isAlive(_ pid: Int32) -> Bool {
        guard let state = state(of: pid) else { return false }
        return state != "Z" && state != "X"
    }

    static func state(of pid: Int32) -> Character? { fields(of: pid)?.first?.first }

    /// Living processes of a process group.
    static func members(ofGroup group: Int32) -> [Int32] {
        all().filter { pid in
            guard let fields = fields(of: pid), fields.count > 2 else { return false }
            return fields[0] != "Z" && Int32(fields[2]) == group
        }
    }

    static func group(of pid: Int32) -> Int32? { fields(of: pid).flatMap { $0.count > 2 ? Int32($0[2]) : nil } }

    private static func all() -> [Int32] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var pids: [Int32] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = Int32(name) { pids.append(pid) }
        }
        return pids
    }

    /// The fields of /proc/PID/stat after the name: state, parent, group, ...
    private static func fields(of pid: Int32) -> [Substring]? {
        guard let text = readFile("/proc/\(pid)/stat"), let nameEnd = text.lastIndex(of: ")") else { return nil }
        return text[text.index(after: nameEnd)...].split(separator: " ")
    }
}

func readFile(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4_096)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

func fileExists(_ path: String) -> Bool { access(path, F_OK) == 0 }
