/// The commands at the start of a connection, and the judgement of their answers. They leave in one batch.
struct Handshake {
    private enum Step { case authenticate, select, name, info, ping }

    /// What is to be done after an answer.
    enum Action: Equatable {
        /// More answers are to come.
        case wait
        /// The connection can be used.
        case ready(RedisServerInfo)
        /// It cannot.
        case fail(ConnectFailure)
    }

    /// To be sent, in this order.
    let commands: [RedisCommand]
    private var steps: ArraySlice<Step>
    private var info: RedisServerInfo?
    private let configuration: RedisConfiguration

    init(configuration: RedisConfiguration) {
        self.configuration = configuration
        var plan: [(Step, RedisCommand)] = []
        if let password = configuration.password {
            if let username = configuration.username {
                plan.append((.authenticate, RedisCommand("AUTH", username, password)))
            } else {
                plan.append((.authenticate, RedisCommand("AUTH", password)))
            }
        }
        if configuration.database != 0 {
            plan.append((.select, RedisCommand("SELECT", String(configuration.database))))
        }
        if let name = configuration.clientName { plan.append((.name, RedisCommand("CLIENT", "SETNAME", name))) }
        plan.append((.info, RedisCommand("INFO", "server")))
        // INFO is answered while the server loads its data, PING is not.
        plan.append((.ping, RedisCommand("PING")))
        commands = plan.map(\.1)
        steps = plan.map(\.0)[...]
    }

    /// Takes the next answer.
    mutating func receive(_ reply: RedisReply) -> Action {
        guard let step = steps.popFirst() else { return .fail(.refused(Self.notRedis)) }
        if let error = reply.error { return judge(error, at: step) }
        switch step {
        case .info:
            guard let text = reply.text, let info = RedisServerInfo(info: text) else {
                return .fail(.refused(Self.notRedis))
            }
            guard info.majorVersion >= RedisServerInfo.neededMajorVersion else {
                return .fail(.refused(tooOld(info)))
            }
            self.info = info
            return .wait
        case .ping:
            guard let info else { return .fail(.refused(Self.notRedis)) }
            return .ready(info)
        case .authenticate, .select, .name: return .wait
        }
    }

    private func judge(_ error: RedisServerError, at step: Step) -> Action {
        switch error.kind {
        case .loading, .busy, .masterDown, .tryAgain, .clusterDown, .tooManyClients: .fail(.notReady(error))
        default:
            switch step {
            case .name: .wait  // A nicety: a server that refuses it can still be used.
            case .select:
                .fail(
                    .refused(
                        .invalidConfiguration(
                            "\(configuration) has no database \(configuration.database): \(error.message)")))
            case .authenticate, .info, .ping: .fail(.refused(.server(error)))
            }
        }
    }

    private func tooOld(_ info: RedisServerInfo) -> RedisError {
        .invalidConfiguration(
            "\(configuration) runs version \(info.version), but \(RedisServerInfo.neededMajorVersion).0 or later is needed."
                + " Upgrade that Redis (or use Valkey), or connect to another one.")
    }

    static let notRedis = RedisError.invalidReply(
        "the peer does not answer like a Redis server; check the host and the port (a TLS port is not supported).")
}

/// Why an attempt to connect failed.
enum ConnectFailure: Equatable {
    /// Nobody there, or no answer in time.
    case unreachable(String)
    /// Somebody was there and hung up before the connection was ready: a server that ends, or is told to drop clients.
    case dropped(String)
    /// A Redis that cannot serve yet, such as one that loads its data.
    case notReady(RedisServerError)
    /// An answer that trying again will not change: a wrong password, too old a version.
    case refused(RedisError)
}
