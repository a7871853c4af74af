import PenstockStore
import PenstockTesting

/// Requests of the workload are lost on the way to Redis.
struct RequestsDropped: InjectedFault {
    let name = "requests-dropped"
    let words = "requests never arrive; the connection is closed, or hangs"

    func inject(_ stage: Stage) async throws {
        for round in 0..<8 {
            let rule = stage.proxy.apply(
                .dropRequest(then: round % 2 == 0 ? .close : .hang), to: .any,
                sparing: Int.random(in: 0..<40, using: &stage.random))
            try await stage.wait(for: "a request to be dropped") { stage.proxy.hasApplied(rule) }
        }
    }

    func heal(_ stage: Stage) async throws { stage.proxy.clearFaults() }
}

/// Of each script that the workload calls, the reply is lost once after Redis has executed it.
struct RepliesDropped: InjectedFault {
    let then: Fault.Aftermath
    var name: String { then == .close ? "replies-dropped" : "replies-dropped-hanging" }
    var words: String {
        "the reply of each script verb in turn is lost; the connection \(then == .close ? "is closed" : "hangs")"
    }

    func inject(_ stage: Stage) async throws {
        var verbs: [String] = []
        // A connection that hangs takes the caller's patience each time.
        let (most, patience) = then == .close ? (Int.max, 1200) : (3, 6000)
        for script in Scripts.all.shuffled(using: &stage.random) {
            let matcher = RequestMatcher.script(script.digest)
            // What the workload never calls cannot be lost.
            guard verbs.count < most, stage.proxy.hits(of: matcher) > 0, script.name != Scripts.register.name else {
                continue
            }
            // A cycle may have claimed nothing, so it is lost more than once.
            let times = then == .close && script.name == Scripts.cycle.name ? 6 : 1
            let rule = stage.proxy.apply(.dropReply(then: then), to: matcher, times: times)
            // Some verbs come only once in a while: those wait beside the others.
            do {
                try await stage.wait(for: "a reply of \(script.name) to be lost", within: .milliseconds(patience)) {
                    stage.proxy.hasApplied(rule, times: times)
                }
                verbs.append(script.name)
            } catch is WaitTimedOut {
                continue
            }
        }
        stage.remarks.append("\(verbs.count) verbs")
        if verbs.count < (then == .close ? 8 : 2) { stage.violations.append("only \(verbs) have lost a reply") }
    }

    func heal(_ stage: Stage) async throws { stage.proxy.clearFaults() }
}

/// Replies break off in the middle and the connection is reset.
struct RepliesCut: InjectedFault {
    let name = "replies-cut"
    let words = "connections are reset in the middle of a reply"

    func inject(_ stage: Stage) async throws {
        for _ in 0..<4 {
            // While the workers are given jobs, so that there are claims among what is cut, and at any time.
            async let burden: Void = stage.burden()
            for _ in 0..<6 { try await cut(stage, sparing: 0...2) }
            try await burden
            for _ in 0..<2 { try await cut(stage, sparing: 0...30) }
        }
    }

    @MainActor private func cut(_ stage: Stage, sparing spared: ClosedRange<Int>) async throws {
        let rule = stage.proxy.apply(
            .cutReply(afterBytes: .random(in: 1...30, using: &stage.random)), to: .any,
            sparing: Int.random(in: spared, using: &stage.random))
        try await stage.wait(for: "a reply to be cut") { stage.proxy.hasApplied(rule) }
    }

    func heal(_ stage: Stage) async throws { stage.proxy.clearFaults() }
}

/// All that passes between the workload and Redis is slow, lost or refused for a time.
struct BadTraffic: InjectedFault {
    let name: String
    let words: String
    let traffic: Traffic
    let seconds: Double
    var closes = false
    var plan: Plan { Plan(checksIdleness: traffic == .blackHole) }

    static let all = [
        BadTraffic(
            name: "delayed", words: "every reply takes 200 ms longer", traffic: .delayed(by: .milliseconds(200)),
            seconds: 5),
        BadTraffic(
            name: "trickling", words: "replies trickle at 10 kB/s", traffic: .trickle(bytesPerSecond: 10_000),
            seconds: 5),
        BadTraffic(
            name: "black-hole", words: "nothing is answered for longer than every deadline and lease",
            traffic: .blackHole, seconds: 6),
        BadTraffic(
            name: "refused", words: "connections are closed and refused", traffic: .refused, seconds: 3, closes: true),
    ]

    func inject(_ stage: Stage) async throws {
        stage.proxy.setTraffic(traffic)
        if closes { await stage.proxy.closeAllConnections() }
        try await stage.pause(.milliseconds(Int64(seconds * 1000)))
    }

    func heal(_ stage: Stage) async throws { stage.proxy.setTraffic(.passThrough) }
}
