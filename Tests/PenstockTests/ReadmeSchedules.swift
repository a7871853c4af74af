import Foundation
import Penstock

struct SendDigest: Job {
    static let name = "send-digest"
    var to: String
}

/// Declared with the worker.
func makeWorker(_ penstock: Penstock, send: @escaping @Sendable (_ to: String, _ day: Date) async throws -> Void) throws
    -> Worker
{
    let worker = Worker(penstock)
    worker.handle(SendDigest.self) { job, context in
        // The tick that has started the job, which is the same however late it was fired.
        try await send(job.to, context.tick?.moment ?? Date())
    }
    try worker.schedule(
        "digest", "0 9 * * MON-FRI", SendDigest(to: "staff"), .init(zone: "Europe/Berlin", overlap: .skip))
    // Made by code at each tick; nil: nothing at this one.
    try worker.schedule("quarter", "0 18 L * *", .init(zone: "Europe/Berlin")) { tick in
        let month = Calendar(identifier: .gregorian).component(.month, from: tick.moment)
        return month % 3 == 0 ? SendDigest(to: "board") : nil
    }
    return worker
}

/// Made at run time, by whatever process.
func subscribe(_ customer: String, _ penstock: Penstock) async throws -> [Date] {
    let schedule = try await penstock.createSchedule(
        "digest.\(customer)", "@every 6h", SendDigest(to: customer),
        .init(maximumCount: 100, jitter: .seconds(600), note: "asked for by mail"), enqueue: .init(tenant: customer))
    try await schedule.update { draft in
        draft.recurrence = "@every 12h"
        draft.options.note = nil
    }
    return try await schedule.status(next: 10).next
}
