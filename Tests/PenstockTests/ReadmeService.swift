import Logging
import Penstock
import ServiceLifecycle

struct SendWelcome: Job {
    static let name = "send-welcome"
    var userID: String
}

struct Mailer: Sendable {
    func welcome(_ userID: String) async throws { print("welcome, \(userID)") }
}

func serve(redis: String, mailer: Mailer) async throws {
    let logger = Logger(label: "shop")
    let penstock = try Penstock(.init(url: redis, namespace: "shop"), logger: logger)

    let worker = Worker(penstock, queues: ["mail"], concurrency: 64)
    worker.handle(SendWelcome.self, retry: .exponential(from: .seconds(1), attempts: 8)) { job, context in
        guard !job.userID.isEmpty else { throw JobFailure.permanent("no user") }
        try await mailer.welcome(job.userID)
    }

    try await penstock.enqueue(SendWelcome(userID: "42"), .init(queue: "mail", tenant: "acme"))
    try await penstock.enqueue(SendWelcome(userID: "43"), .init(queue: "mail", tenant: "acme", delay: .seconds(5)))

    try await ServiceGroup(
        services: [penstock, worker], gracefulShutdownSignals: [.sigterm], logger: logger
    ).run()
}
