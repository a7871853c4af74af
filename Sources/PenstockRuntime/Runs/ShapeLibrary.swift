import PenstockModel
import PenstockStore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Planners and the digests of their shapes. Shapes never change, so each is read, or stored, once.
package final class ShapeLibrary: Sendable {
    private struct Shelves {
        var planners: [String: RunPlanner] = [:]
        /// Each with its planner, which thereby lives as long as its identity is known.
        var digests: [ObjectIdentifier: (planner: RunPlanner, digest: String)] = [:]

        mutating func add(_ planner: RunPlanner, _ digest: String) {
            if digests.count >= ShapeLibrary.capacity { self = Shelves() }
            planners[digest] = planner
            digests[ObjectIdentifier(planner)] = (planner, digest)
        }
    }

    /// More than this many versions at work is unusual; then all are forgotten and read again.
    private static let capacity = 500

    private let store: Store
    private let shelves = Mutex(Shelves())

    package init(store: Store) { self.store = store }

    /// - Throws: `invalid` if the shape is not there, or is none that this version reads.
    package func planner(_ digest: String) async throws(StoreError) -> RunPlanner {
        if let known = shelves.withLock({ $0.planners[digest] }) { return known }
        guard let encoded = try await store.shape(digest) else {
            throw .invalid("the shape \(digest) of the workflow is not stored")
        }
        let planner: RunPlanner
        do {
            planner = try RunPlanner(try JSONDecoder().decode(WorkflowShape.self, from: Data(encoded)))
        } catch {
            throw .invalid("the shape \(digest) of the workflow cannot be read by this version: \(error)")
        }
        shelves.withLock { $0.add(planner, digest) }
        return planner
    }

    /// Redis has lost what is known here, or may have.
    package func forget() { shelves.withLock { $0 = Shelves() } }

    /// The digest of a planner's shape, which is stored unless that was done before.
    ///
    /// - Parameter isLost: store it in any case: Redis has lost it, or may have.
    package func keep(_ planner: RunPlanner, isLost: Bool = false) async throws(StoreError) -> String {
        let known = shelves.withLock { $0.digests[ObjectIdentifier(planner)]?.digest }
        if let known, !isLost { return known }
        let digest = try await store.keepShape(
            planner.shape.encoded, workflow: planner.shape.name, version: planner.shape.version)
        shelves.withLock { $0.add(planner, digest) }
        return digest
    }
}

extension WorkflowShape {
    /// The same bytes for the same shape, whoever encodes it.
    package var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Jitter is the only number that is no integer, and is checked to be finite.
        do { return [UInt8](try encoder.encode(self)) } catch { preconditionFailure("a shape is JSON: \(error)") }
    }
}
