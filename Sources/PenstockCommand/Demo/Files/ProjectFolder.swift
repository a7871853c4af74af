import Glibc

/// The project that this program was built in, if it still stands there.
enum ProjectFolder {
    /// `Sources` and `lua` of the nearest folder above the program that has both and a `Package.swift`.
    static var sources: [FileName] {
        guard var folder = program?.split(separator: UInt8(ascii: "/")) else { return [] }
        while !folder.isEmpty {
            folder.removeLast()
            let root = FileName([UInt8(ascii: "/")] + folder.joined(separator: [UInt8(ascii: "/")]))
            let parts = ["Sources", "lua", "Package.swift"].map { root.appending($0.utf8) }
            if parts.allSatisfy({ $0.withCString { access($0, R_OK) } == 0 }) { return Array(parts.prefix(2)) }
        }
        return []
    }

    /// Where the running program lies.
    static var program: [UInt8]? {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        return count > 0 ? path[..<count].map { UInt8(bitPattern: $0) } : nil
    }
}
