import EmbeddedRedis
import Logging
import Penstock
import ServiceLifecycle

// An account goes from one status to the next: a code is sent, and the owner has some time to confirm it.
//
//     swift run example-signup

struct Account: Codable, Sendable {
    var address: String
    var code: Int?
    var wrongCodes = 0
}

/// A status that nothing leads on from is an end.
enum SignUp: String, CaseIterable, Codable, Sendable { case created, verifying, active, expired }

func makeSignUp(patience: Duration) throws -> StateMachine<Account, SignUp> {
    try StateMachine("sign-up", object: Account.self, initial: SignUp.created) { machine in
        // Runs when the status is entered. What it changes in the object is saved together with the move; a status that is not
        // named after `to:` is an error.
        machine.step(.created, to: .verifying) { account, _ in
            account.code = 1234
            print("  mail to \(account.address): your code is 1234")
            return .to(.verifying)
        }

        // What comes from outside. `.skip` leaves everything as it was, `.saveAndRepeat` and `.to` save the object.
        machine.callback("confirm", in: .verifying, to: .active, .expired, payload: Int.self) { account, code, _ in
            if code == account.code { return .to(.active) }
            account.wrongCodes += 1
            print("  \(code) is not the code of \(account.address)")
            return account.wrongCodes < 3 ? .saveAndRepeat : .to(.expired)
        }

        // Armed when the status is entered, gone when it is left.
        machine.timeout(in: .verifying, after: patience, to: .expired) { account, _ in
            print("  the code of \(account.address) has expired")
            return .to(.expired)
        }

        // At least once, and again until it does not throw.
        machine.hook(.completed) { account, context in print("  welcome or farewell, \(account.address)") }
    }
}

/// Something did not come out as it should.
struct Unexpected: Error, CustomStringConvertible {
    let description: String
}

func expect(_ isAsExpected: Bool, _ what: String) throws {
    guard isAsExpected else { throw Unexpected(description: "not as expected: \(what)") }
}

@main struct Example {
    static func main() async throws {
        let signUp = try makeSignUp(patience: .seconds(1))
        print(signUp.mermaid(), "\n")

        try await EmbeddedRedis.withRedis { redis in
            var logger = Logger(label: "sign-up")
            logger.logLevel = .error
            let penstock = try Penstock(.init(url: redis.url, namespace: "accounts"), logger: logger)
            let worker = Worker(penstock)
            worker.handle(signUp)
            let services = ServiceGroup(services: [penstock, worker], logger: logger)
            async let serving: Void = services.run()

            print("Somebody who confirms, at the second try:")
            let ada = try await penstock.start(
                signUp, Account(address: "ada@example.org"), .init(foreignID: "ada@example.org"))
            _ = try await ada.run.wait(forStatus: "verifying")
            // An address signs up once at a time: another start answers with the run that is there.
            let again = try await penstock.start(
                signUp, Account(address: "ada@example.org"), .init(foreignID: "ada@example.org"))
            try expect(again.isExisting && again.id == ada.id, "a second sign-up of the same address")
            try await ada.run.callback("confirm", 4321)
            try await ada.run.callback("confirm", 1234)
            let account = try await ada.output()
            let status = try await ada.run.status().status
            print("  \(account.address) is \(status ?? "nowhere"), after \(account.wrongCodes) wrong code\n")
            try expect(status == "active" && account.wrongCodes == 1, "\(account)")

            print("Somebody who does not:")
            let bob = try await penstock.start(signUp, Account(address: "bob@example.org"))
            let end = try await bob.run.wait()
            print("  bob@example.org is \(end.status ?? "nowhere")\n")
            try expect(end.state == .succeeded && end.status == "expired", "\(end.status ?? "")")

            print("A confirmation that comes too late:")
            do {
                try await bob.run.callback("confirm", 1234)
                throw Unexpected(description: "the late callback was taken")
            } catch let error as PenstockError {
                print("  \(error)\n")
                try expect(error.code == .notNow, "\(error)")
            }

            print("All as expected.")
            await services.triggerGracefulShutdown()
            try await serving
        }
    }
}
