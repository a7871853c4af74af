import Glibc

/// What lies in a folder, sorted by name.
struct FolderEntry {
    enum Kind { case file, folder, other }

    let name: [UInt8]
    let kind: Kind

    /// Nil if the folder cannot be read.
    static func list(_ folder: FileName) -> [FolderEntry]? {
        guard let directory = folder.withCString({ opendir($0) }) else { return nil }
        defer { closedir(directory) }
        var entries: [FolderEntry] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            guard name != Array(".".utf8), name != Array("..".utf8) else { continue }
            entries.append(FolderEntry(name: name, kind: kind(of: folder.appending(name), hint: entry.pointee.d_type)))
        }
        return entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// Some file systems do not say in the folder what an entry is.
    private static func kind(of path: FileName, hint: UInt8) -> Kind {
        switch Int(hint) {
        case Int(DT_REG): return .file
        case Int(DT_DIR): return .folder
        case Int(DT_UNKNOWN):
            var status = stat()
            guard path.withCString({ lstat($0, &status) }) == 0 else { return .other }
            switch status.st_mode & S_IFMT {
            case S_IFREG: return .file
            case S_IFDIR: return .folder
            default: return .other
            }
        default: return .other
        }
    }
}
