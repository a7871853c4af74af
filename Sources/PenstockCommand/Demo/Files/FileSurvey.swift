import EmbeddedRedis
import Glibc
import Penstock

/// The files that the tour works on, and what to say about them.
struct FileSurvey: Sendable {
    struct Found: Sendable {
        let name: FileName
        /// The folder below the root that it is in; the root itself for files that lie there.
        let tenant: String
    }

    let roots: [FileName]
    private(set) var files: [Found] = []
    /// Regular files and folders that this user may not read.
    private(set) var unreadable = 0

    /// Every regular file under a directory; links are not followed.
    static func of(_ directory: String) throws(CommandFailure) -> FileSurvey {
        guard let resolved = realpath(directory, nil) else {
            throw .usage("\(printable(directory)): \(SystemError("it cannot be found"))")
        }
        defer { free(resolved) }
        var status = stat()
        guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .usage("\(printable(directory)) is not a directory; name one with files in it")
        }
        let survey = FileSurvey(of: [
            FileName(UnsafeBufferPointer(start: resolved, count: strlen(resolved)).map { UInt8(bitPattern: $0) })
        ])
        guard !survey.files.isEmpty else {
            throw .usage("\(printable(directory)) has no regular file that can be read; name a directory with some")
        }
        return survey
    }

    /// The project's own Sources and lua, where this program was built, and the system's C headers.
    static func ofThisSystem() throws(CommandFailure) -> FileSurvey {
        let survey = FileSurvey(of: ProjectFolder.sources + [FileName("/usr/include")])
        guard !survey.files.isEmpty else {
            throw .usage(
                "there are no C headers in /usr/include and no sources beside this program: name a directory with files, as in penstock demo /etc"
            )
        }
        return survey
    }

    init(of candidates: [FileName]) {
        roots = candidates.filter { $0.withCString { access($0, R_OK | X_OK) } == 0 }
        for root in roots { survey(root) }
    }

    private mutating func survey(_ root: FileName) {
        var open: [(folder: FileName, tenant: String?)] = [(root, nil)]
        let rootTenant = Self.tenant(root.lastComponent)
        while let (folder, tenant) = open.popLast() {
            guard let entries = FolderEntry.list(folder) else {
                unreadable += 1
                continue
            }
            for entry in entries {
                let path = folder.appending(entry.name)
                switch entry.kind {
                case .folder: open.append((path, tenant ?? Self.tenant(FileName(entry.name))))
                case .file where path.withCString { access($0, R_OK) } == 0:
                    files.append(Found(name: path, tenant: tenant ?? rootTenant))
                case .file: unreadable += 1
                case .other: break
                }
            }
        }
    }

    /// A folder's name as a tenant's: printable, and within the limit of names.
    private static func tenant(_ folder: FileName) -> String {
        var name = folder.description
        while name.utf8.count > Name.maximumLength { name.removeLast() }
        return name
    }
}

extension FileSurvey {
    /// Files that take no time, for jobs that show something else.
    ///
    /// - Parameter sample: a file to be made and used when there are none.
    func smallFiles(orElse sample: FileName) throws(SystemError) -> [FileName] {
        var small: [FileName] = []
        for file in files where small.count < 1000 {
            var status = stat()
            guard file.name.withCString({ stat($0, &status) }) == 0, status.st_size <= 1 << 16 else { continue }
            small.append(file.name)
        }
        guard small.isEmpty else { return small }
        let descriptor = sample.withCString { open($0, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600) }
        guard descriptor >= 0 else { throw SystemError("create \(sample)") }
        close(descriptor)
        return [sample]
    }
}
