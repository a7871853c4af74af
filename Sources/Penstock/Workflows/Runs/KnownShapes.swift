import PenstockModel
import PenstockRuntime
import PenstockStore

extension Run {
    /// The shape of the workflow, in the version that the run keeps.
    package func shape() async throws(PenstockError) -> WorkflowShape { try await read([]).0.shape }
}

extension Penstock {
    /// The shape of a workflow that a worker has made known, and the versions of it that there are.
    ///
    /// - Throws: `notFound` if no worker has made such a workflow known.
    package func shape(
        workflow name: String, version: Int? = nil
    ) async throws(PenstockError) -> (shape: WorkflowShape, versions: [Int]) {
        let (digest, versions) = try await known(workflow: name, version: version)
        let planner = try await publicly { () throws(StoreError) in try await library.planner(digest) }
        return (planner.shape, versions)
    }

    /// The digest of a workflow's shape, the latest version unless one is asked for, and the versions that there are.
    func known(
        workflow name: String, version: Int?
    ) async throws(PenstockError) -> (digest: String, versions: [Int]) {
        let known = try await publicly { () throws(StoreError) in try await store.workflows() }
        let versions = known.filter { $0.name == name }
        guard let latest = versions.filter({ version ?? $0.version == $0.version }).max(by: { $0.version < $1.version })
        else {
            let shown = InvalidName.printable(name)
            guard let version, !versions.isEmpty else {
                throw PenstockError(.notFound, "workflow \"\(shown)\" is not known: start a worker that has it")
            }
            let have = versions.map(\.version).sorted().map { String($0) }.joined(separator: ", ")
            throw PenstockError(.notFound, "workflow \"\(shown)\" has no version \(version); known are \(have)")
        }
        return (latest.digest, versions.map(\.version).sorted())
    }
}
