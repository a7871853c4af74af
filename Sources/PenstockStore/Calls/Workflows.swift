import PenstockModel
import RedisClient

/// A version of a workflow, as the workers that have it have told.
package struct KnownWorkflow: Sendable, Hashable {
    package let name: String
    package let version: Int
    /// Of its shape.
    package let digest: String
}

extension Store {
    /// Stores the shape of a workflow, once, by its content, under the workflow's name and version; answers its digest. One
    /// round trip.
    package func keepShape(_ encoded: [UInt8], workflow: String, version: Int) async throws(StoreError) -> String {
        do { try Name.kind.check(workflow) } catch { throw .invalid("\(error)") }
        var arguments = RedisArguments()
        arguments.append(encoded)
        arguments.append(workflow)
        arguments.append(version)
        guard let digest = try await call(Scripts.keepShape, arguments).text else {
            throw .unexpectedReply("keep_shape")
        }
        return digest
    }

    package func shape(_ digest: String) async throws(StoreError) -> [UInt8]? {
        try await send(RedisCommand("HGET", keys.shapes, digest)).bytes
    }

    /// All versions of workflows of which a shape was kept, by name and version. One round trip.
    package func workflows() async throws(StoreError) -> [KnownWorkflow] {
        let fields = try await send(RedisCommand("HGETALL", keys.workflows)).array ?? []
        var known: [KnownWorkflow] = []
        for at in stride(from: 0, to: fields.count - 1, by: 2) {
            let parts = fields[at].text?.split(separator: "\t") ?? []
            guard parts.count == 2, let version = Int(parts[1]), let digest = fields[at + 1].text else {
                throw .unexpectedReply("HGETALL of workflows")
            }
            known.append(KnownWorkflow(name: String(parts[0]), version: version, digest: digest))
        }
        return known.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
    }
}
