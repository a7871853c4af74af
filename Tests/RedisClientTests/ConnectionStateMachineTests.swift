import NIOCore
import Testing

@testable import RedisClient

/// Lists of "event equals action", with numbers for callers and milliseconds for time.
@Suite("Connection state machine") struct ConnectionStateMachineTests {
    typealias Machine = ConnectionStateMachine<Int>

    private static func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000) + .milliseconds(milliseconds)
    }

    /// Pauses of 10, 20, 40 ms, without chance.
    private func machine() -> Machine {
        Machine(backoff: ReconnectBackoff(minimum: .milliseconds(10), maximum: .milliseconds(40), random: { 0 }))
    }

    private func connectedMachine() throws -> Machine {
        var machine = machine()
        #expect(send(&machine, 0) == .connect(.init(id: 1, delay: .zero)))
        #expect(connect(&machine, 1) == "flush")
        _ = machine.takeGathered()
        #expect(deliver(&machine, .status("PONG")) == "0: one")
        return machine
    }

    private func send(_ machine: inout Machine, _ caller: Int, deadline: Int64 = 1000, at now: Int64 = 0)
        -> Machine.SendAction
    {
        machine.enqueue(
            caller, command: RedisCommand("PING"), deadline: Self.time(deadline), now: Self.time(now))
    }

    private func connect(_ machine: inout Machine, _ id: Int) -> String {
        machine.connected(id).map(line) ?? "stale"
    }

    private func deliver(_ machine: inout Machine, _ reply: RedisReply) -> String {
        switch machine.receive(reply) {
        case .deliver(let caller, .one): "\(caller): one"
        case .deliver(let caller, .many(let replies)): "\(caller): \(replies.count)"
        case .wait: "wait"
        case .unexpected: "unexpected"
        }
    }

    /// One line for an effect: what callers are told, and what is done.
    private func line(_ effects: Machine.Effects) -> String {
        var parts = effects.failures.map { failure in
            switch failure.error {
            case .server: "\(failure.waiter) server"
            case .unavailable: "\(failure.waiter) unavailable"
            case .outcomeUnknown: "\(failure.waiter) unknown"
            case .invalidReply: "\(failure.waiter) invalid"
            case .invalidConfiguration: "\(failure.waiter) misconfigured"
            case .closed: "\(failure.waiter) closed"
            case .cancelled: "\(failure.waiter) cancelled"
            }
        }
        if effects.closesChannel { parts.append("close") }
        if effects.flushes { parts.append("flush") }
        if let attempt = effects.connect {
            parts.append("connect \(attempt.id) after \(attempt.delay.nanoseconds / 1_000_000)")
        }
        return parts.joined(separator: ", ")
    }

    @Test func oneFlushForManyCallers() throws {
        var machine = try connectedMachine()
        #expect(send(&machine, 1) == .flush)
        #expect(send(&machine, 2) == .nothing)
        #expect(machine.takeGathered()?.readableBytes == 28)
        #expect(machine.takeGathered() == nil)
        #expect(send(&machine, 3) == .flush)
        #expect(machine.takeGathered()?.readableBytes == 14)
        for caller in 1...3 { #expect(deliver(&machine, .integer(caller)) == "\(caller): one") }
        #expect(deliver(&machine, .null) == "unexpected")
    }

    @Test func aBatchIsDeliveredWhole() throws {
        var machine = try connectedMachine()
        let batch = [RedisCommand](repeating: RedisCommand("PING"), count: 3)
        #expect(machine.enqueue(1, commands: batch, deadline: Self.time(9), now: Self.time(0)) == .flush)
        #expect(send(&machine, 2) == .nothing)
        _ = machine.takeGathered()
        #expect(deliver(&machine, .null) == "wait")
        #expect(deliver(&machine, .error(RedisServerError(message: "ERR"))) == "wait")
        #expect(deliver(&machine, .null) == "1: 3")
        #expect(deliver(&machine, .null) == "2: one")
    }

    @Test func everyoneInFlightLearnsOfALossAndTheOthersWaitForTheNextConnection() throws {
        var machine = try connectedMachine()
        _ = send(&machine, 1)
        _ = machine.takeGathered()
        _ = send(&machine, 2)
        #expect(
            line(machine.connectionLost(1, reason: "x", now: Self.time(1))) == "1 unknown, close, connect 2 after 0")
        #expect(machine.takeGathered() == nil, "the flush that was planned finds no connection")
        #expect(line(machine.connectionLost(1, reason: "x", now: Self.time(1))) == "", "told once")
        #expect(connect(&machine, 1) == "stale")
        #expect(connect(&machine, 2) == "flush")
        #expect(machine.takeGathered()?.readableBytes == 14)
        #expect(deliver(&machine, .null) == "2: one")
        #expect(line(machine.connectionLost(2, reason: "x", now: Self.time(2))) == "close")
        #expect(machine.phase == .idle, "nobody waits: no attempt")
        #expect(send(&machine, 3, at: 2) == .connect(.init(id: 3, delay: .zero)))
    }

    @Test func theFirstFailedAttemptIsToldAtOnce() {
        var machine = machine()
        _ = send(&machine, 1)
        _ = machine.planCheck()
        #expect(send(&machine, 2) == .nothing)
        #expect(
            line(machine.connectFailed(1, .unreachable("x"), now: Self.time(0)))
                == "1 unavailable, 2 unavailable, close")
        #expect(send(&machine, 3, at: 4) == .connect(.init(id: 2, delay: .milliseconds(6))), "the rest of the pause")
    }

    @Test func aPeerThatHangsUpIsTriedAgainBeforeCallersAreTold() {
        var machine = machine()
        _ = send(&machine, 1)
        _ = machine.planCheck()
        for (index, pause) in [10, 20, 40, 40].enumerated() {
            let effects = machine.connectFailed(1 + index, .dropped("x"), now: Self.time(0))
            #expect(line(effects) == "close, connect \(2 + index) after \(pause)")
        }
        #expect(line(machine.connectFailed(5, .dropped("x"), now: Self.time(0))) == "1 unavailable, close")
    }

    @Test func onceConnectedCallersWaitThroughFailedAttempts() throws {
        var machine = try connectedMachine()
        _ = machine.connectionLost(1, reason: "x", now: Self.time(0))
        #expect(send(&machine, 1, deadline: 100) == .connect(.init(id: 2, delay: .zero)))
        let pauses = [20, 40, 40, 40]
        for (index, pause) in pauses.enumerated() {
            let effects = machine.connectFailed(2 + index, .unreachable("x"), now: Self.time(0))
            #expect(line(effects) == "close, connect \(3 + index) after \(pause)")
        }
        #expect(line(machine.checkDeadlines(now: Self.time(100))) == "1 unavailable")
        #expect(line(machine.connectFailed(6, .unreachable("x"), now: Self.time(100))) == "close")
        #expect(machine.phase == .idle)
    }

    @Test func aLoadingServerIsWaitedForAndARefusalIsNot() {
        var machine = machine()
        _ = send(&machine, 1)
        let loading = ConnectFailure.notReady(RedisServerError(message: "LOADING"))
        #expect(line(machine.connectFailed(1, loading, now: Self.time(0))) == "close, connect 2 after 10")
        let refused = ConnectFailure.refused(.server(RedisServerError(message: "WRONGPASS")))
        #expect(line(machine.connectFailed(2, refused, now: Self.time(0))) == "1 server, close")
    }

    @Test func aPeerThatHangsUpWithoutAReplyIsApproachedMoreAndMoreSlowly() throws {
        var machine = try connectedMachine()
        var id = 1
        for pause in [0, 10, 20, 40, 40] {
            _ = send(&machine, id)
            _ = machine.takeGathered()
            _ = send(&machine, id + 100)
            let effects = machine.connectionLost(id, reason: "x", now: Self.time(0))
            #expect(effects.connect == .init(id: id + 1, delay: .milliseconds(Int64(pause))))
            id += 1
            #expect(connect(&machine, id) == "flush")
            _ = machine.takeGathered()
        }
    }

    @Test func aMissedDeadlineTakesTheConnectionWithIt() throws {
        var machine = try connectedMachine()
        _ = send(&machine, 1, deadline: 500)
        _ = send(&machine, 2, deadline: 300)
        _ = machine.takeGathered()
        #expect(machine.planCheck() == Self.time(300), "the earliest, not the first")
        #expect(machine.planCheck() == nil, "planned once")
        #expect(line(machine.checkDeadlines(now: Self.time(299))) == "")
        #expect(line(machine.checkDeadlines(now: Self.time(300))) == "1 unknown, 2 unknown, close")
        #expect(machine.planCheck() == nil, "nobody waits")
        #expect(deliver(&machine, .null) == "unexpected")
    }

    @Test func aCheckIsPlannedAgainForThoseWhoStillWait() throws {
        var machine = try connectedMachine()
        _ = send(&machine, 1, deadline: 100)
        _ = machine.takeGathered()
        #expect(machine.planCheck() == Self.time(100))
        #expect(deliver(&machine, .null) == "1: one")
        _ = send(&machine, 2, deadline: 150)
        _ = machine.takeGathered()
        #expect(machine.planCheck() == nil)
        #expect(line(machine.checkDeadlines(now: Self.time(100))) == "")
        #expect(machine.planCheck() == Self.time(150))
    }

    @Test func theUnsentExpireOneByOneAndTakeTheirBytesAlong() throws {
        var machine = machine()
        for (caller, deadline) in [(1, 100), (2, 50), (3, 100)] as [(Int, Int64)] {
            let command = RedisCommand("ECHO", String(caller))
            _ = machine.enqueue(caller, command: command, deadline: Self.time(deadline), now: Self.time(0))
        }
        #expect(machine.planCheck() == Self.time(50))
        #expect(send(&machine, 4, deadline: 20) == .checkDeadlines)
        #expect(machine.planCheck() == Self.time(20))
        #expect(line(machine.checkDeadlines(now: Self.time(60))) == "2 unavailable, 4 unavailable")
        #expect(connect(&machine, 1) == "flush")
        let gathered = machine.takeGathered()
        let bytes = try #require(gathered)
        #expect(String(buffer: bytes) == "*2\r\n$4\r\nECHO\r\n$1\r\n1\r\n*2\r\n$4\r\nECHO\r\n$1\r\n3\r\n")
        #expect(deliver(&machine, .null) == "1: one")
        #expect(deliver(&machine, .null) == "3: one")
    }

    @Test func abandoningEndsEveryWaitAndMakesTheAttemptStale() throws {
        var machine = machine()
        _ = send(&machine, 1)
        #expect(line(machine.abandon(.cancelled)) == "1 cancelled, close")
        #expect(connect(&machine, 1) == "stale")
        #expect(line(machine.abandon(.cancelled)) == "")
        #expect(send(&machine, 2) == .connect(.init(id: 3, delay: .zero)))
        #expect(connect(&machine, 3) == "flush")
        _ = machine.takeGathered()
        #expect(line(machine.abandon(.cancelled)) == "2 cancelled, close")
    }

    @Test func shuttingDownTellsTheSentAndTheUnsentApart() throws {
        var machine = try connectedMachine()
        _ = send(&machine, 1)
        _ = machine.takeGathered()
        _ = send(&machine, 2)
        #expect(line(machine.shutDown()) == "1 unknown, 2 closed, close")
        #expect(line(machine.shutDown()) == "")
        #expect(send(&machine, 3) == .refuse(.closed))
        #expect(line(machine.connectionLost(1, reason: "x", now: Self.time(0))) == "")
    }

    @Test func moreThanAGibibyteIsNotGathered() {
        var machine = machine()
        var arguments = RedisArguments()
        arguments.append([UInt8](repeating: 0, count: 300 << 20))
        let command = RedisCommand("SET", arguments)
        let batch = [command, command, command, command]
        let action = machine.enqueue(1, commands: batch, deadline: Self.time(1), now: Self.time(0))
        guard case .refuse(.unavailable) = action else {
            Issue.record("\(action)")
            return
        }
    }

    @Test func backoffDoublesUpToItsCapAndJitterShortensByHalfAtMost() {
        var backoff = ReconnectBackoff(minimum: .milliseconds(20), maximum: .seconds(2), random: { 0 })
        #expect(
            [0, 1, 2, 3, 7, 8, 1000].map { backoff.delay(failures: $0).nanoseconds / 1_000_000 } == [
                0, 20, 40, 80, 1280, 2000, 2000,
            ])
        backoff.random = { 1 }
        #expect(backoff.delay(failures: 8) == .seconds(1))
        #expect(TimeAmount(bounded: .seconds(Int64.max)).nanoseconds == .max / 4)
        #expect(TimeAmount(bounded: .seconds(-1)) == .zero)
        #expect(TimeAmount(bounded: .milliseconds(1500)) == .milliseconds(1500))
    }
}
