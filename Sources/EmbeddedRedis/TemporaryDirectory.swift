import Glibc

/// Makes `/tmp/penstock-XXXXXX`, readable by its owner alone. Always in /tmp, whatever $TMPDIR says: the path of a unix
/// socket in it has to fit into 107 bytes.
package func makeTemporaryDirectory() throws(SystemError) -> String {
    var template = Array("/tmp/penstock-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SystemError("mkdtemp") }
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Removes a directory and what is in it; links are removed, not followed.
package func removeTree(_ path: String) { removeTree(path.utf8CString.dropLast()) }

/// By bytes: a name need not be UTF-8.
private func removeTree(_ path: ContiguousArray<CChar>.SubSequence) {
    let terminated = Array(path) + [0]
    if let directory = opendir(terminated) {
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                bytes.prefix { $0 != 0 }.map { CChar(bitPattern: $0) }
            }
            guard name != [0x2E], name != [0x2E, 0x2E] else { continue }
            let child = path + [0x2F] + name
            var status = stat()
            if lstat(Array(child) + [0], &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                removeTree(child)
            } else {
                unlink(Array(child) + [0])
            }
        }
    }
    rmdir(terminated)
}
