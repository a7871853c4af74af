import Penstock

/// What became of one job of several.
struct Answer: Encodable {
    let id: String
    let answer: String
    let isDone: Bool
    let text: String

    enum CodingKeys: String, CodingKey {
        case id
        case answer
    }
}

/// Retrying and discarding, in chunks.
enum Revival {
    static func retry(_ ids: [TaskID], _ penstock: Penstock) async throws -> [Answer] {
        try await inChunks(ids) { chunk in
            zip(chunk, try await penstock.retry(chunk)).map { id, answer in
                let text =
                    switch answer {
                    case .ready: "ready"
                    case .running: "runs already"
                    case .unknown: "not known"
                    }
                return Answer(id: id.rawValue, answer: answer.rawValue, isDone: answer == .ready, text: text)
            }
        }
    }

    static func discard(_ ids: [TaskID], _ penstock: Penstock) async throws -> [Answer] {
        try await inChunks(ids) { chunk in
            zip(chunk, try await penstock.discard(chunk)).map { id, answer in
                let text =
                    switch answer {
                    case .discarded: "discarded"
                    case .alive: "alive, and no dead letter: cancel it instead"
                    case .unknown: "not known"
                    }
                return Answer(id: id.rawValue, answer: answer.rawValue, isDone: answer == .discarded, text: text)
            }
        }
    }

    private static func inChunks(
        _ ids: [TaskID], _ body: ([TaskID]) async throws -> [Answer]
    ) async throws -> [Answer] {
        var answers: [Answer] = []
        var rest = ids[...]
        while !rest.isEmpty {
            answers += try await body(Array(rest.prefix(500)))
            rest = rest.dropFirst(500)
        }
        return answers
    }
}

enum Answers {
    /// One line, or one object, for each job; fails if any was not done.
    static func print(_ answers: [Answer], json: Bool) throws {
        if json {
            Console.write(JSONText.line(answers))
        } else {
            for answer in answers { Console.write("\(answer.id)  \(answer.text)") }
        }
        let failed = answers.count { !$0.isDone }
        guard failed > 0 else { return }
        let isOneUnknown = answers.count == 1 && answers[0].answer == "unknown"
        if isOneUnknown {
            throw CommandFailure.notFound("job \(answers[0].id) is not known: it has ended, or never was")
        }
        throw CommandFailure.refused("\(failed) of \(HumanText.plural(answers.count, "job")) stayed as they were")
    }
}
