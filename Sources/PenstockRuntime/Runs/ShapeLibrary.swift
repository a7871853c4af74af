import PenstockModel
import PenstockStore
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Planners by the digest of their shape. Shapes never change, so each is read once.
package final class ShapeLibrary: Sendable {
    /// More than this many versions at work is unusual; then all are forgotten and read again.
    private static let capacity = 500

    private let store: Store
    private let planners = Mutex<[String: RunPlanner]>([:])
    /// Digests of the shapes that were stored from here.
    private let kept = Mutex<[WorkflowShape: String]>([:])

    package init(store: Store) { self.store = store }

    /// - Throws: `invalid` if the shape is not there, or is none that this version reads.
    package func planner(_ digest: String) async throws(StoreError) -> RunPlanner {
        if let known = planners.withLock({ $0[digest] }) { return known }
        guard let encoded = try await store.shape(digest) else {
            throw .invalid("the shape \(digest) of the workflow is not stored")
        }
        let planner: RunPlanner
        do {
            planner = try RunPlanner(try JSONDecoder().decode(WorkflowShape.self, from: Data(encoded)))
        } catch {
            throw .invalid("the shape \(digest) of the workflow cannot be read by this version: \(error)")
        }
        remember(planner, digest)
        return planner
    }

    /// Stores a shape, and knows it from then on.
    package func keep(_ planner: RunPlanner) async throws(StoreError) -> String {
        if let known = kept.withLock({ $0[planner.shape] }) { return known }
        let digest = try await store.keepShape(
            planner.shape.encoded, workflow: planner.shape.name, version: planner.shape.version)
        remember(planner, digest)
        kept.withLock { $0[planner.shape] = digest }
        return digest
    }

    private func remember(_ planner: RunPlanner, _ digest: String) {
        planners.withLock { planners in
            if planners.count >= Self.capacity { planners = [:] }
            planners[digest] = planner
        }
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
