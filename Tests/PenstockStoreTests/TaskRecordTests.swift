import PenstockModel
import Testing

@testable import PenstockStore

@Suite struct TaskRecordTests {
    static let records: [TaskRecord] = [
        TaskRecord(kind: "k", queue: "q", payload: []),
        TaskRecord(kind: "mail.out", queue: "default", tenant: "Zoë | {1}", priority: 7, payload: Array("{}".utf8)),
        TaskRecord(
            kind: "k", queue: "q", priority: -10,
            options: .init(
                maxAttempts: 3, backoff: .exponential(from: .milliseconds(5), cap: .seconds(9), jitter: 0.125),
                timeout: .milliseconds(1500), retention: .seconds(60), deadline: 1_700_000_000_123),
            payload: [0, 10, 9, 255, 254, 10]),
        TaskRecord(
            kind: "k", queue: "q", options: .init(backoff: .constant(.milliseconds(20))), payload: Array("\n\n\t".utf8)),
        TaskRecord(
            kind: "k", queue: "q", options: .init(backoff: .linear(from: .seconds(1), cap: .seconds(2))), payload: [0]),
        TaskRecord(
            kind: "k", queue: "q", tenant: "t",
            options: .init(
                retention: .seconds(1), deadline: 5,
                headers: [
                    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a%b": "", "empty": "",
                    "x": "a=b;c=%41;\t\n\r\0\u{7F}", "who": "Zoë 日本", "!#$%&'*+-.^_`|~": "~",
                ]), payload: Array("\th=x".utf8)),
    ]

    @Test("a record comes back as it was written", arguments: records)
    func roundTrip(record: TaskRecord) {
        #expect(TaskRecord(record.bytes) == record)
    }

    @Test("options of a newer version are passed over, and so are broken ones")
    func unknownOptions() throws {
        let text = "k\tq\tt\t\tm=3\tz=9\tx\t\t=\tb=c,1\tb=q,1,2,0\tt=soon\td=5\nrest"
        let record = try #require(TaskRecord(Array(text.utf8)))
        #expect(record.options == TaskOptions(maxAttempts: 3, deadline: 5))
        #expect(record.tenant == "t" && record.payload == Array("rest".utf8))
    }

    @Test("headers are one option of the head: in order, without control bytes, before the deadline that Lua appends")
    func headers() throws {
        let options = TaskOptions(maxAttempts: 2, headers: ["b": "2\t;", "a=": "1=%", "c": "\n\u{1F}\u{7F}é"])
        let record = TaskRecord(kind: "k", queue: "q", options: options, payload: [])
        #expect(record.head == "k\tq\t\t\tm=2\th=a%3D=1=%25;b=2%09%3B;c=%0A%1F%7Fé")
        let read = try #require(TaskRecord(Array("\(record.head)\td=7\n".utf8)))
        #expect(read.options.headers == options.headers && read.options.deadline == 7)
        #expect(!TaskRecord(kind: "k", queue: "q", payload: []).head.contains("h="))
    }

    @Test(
        "broken headers are passed over, or read as they stand",
        arguments: [
            ("", [:]), ("a", [:]), ("=1", [:]), ("a=1;;b", ["a": "1"]), ("a=%", ["a": "%"]), ("a=%4", ["a": "%4"]),
            ("a=%zz%41", ["a": "%zzA"]), ("a=%e2%9c%93", ["a": "✓"]), ("a=1;a=2", ["a": "2"]), (";;;", [:]),
        ] as [(String, [String: String])])
    func brokenHeaders(text: String, headers: [String: String]) throws {
        let record = try #require(TaskRecord(Array("k\tq\t\t\th=\(text)\tm=3\n".utf8)))
        #expect(record.options.headers == headers && record.options.maxAttempts == 3)
    }

    @Test(
        "bytes that are no record are refused",
        arguments: [
            "", "k\tq\tt\t", "k\tq\tt\n", "\tq\tt\t\n", "k\t\tt\t\n",
            "k\tq\tt\thigh\n", "k\tq\tt\t11\n",
        ])
    func refused(text: String) {
        #expect(TaskRecord(Array(text.utf8)) == nil)
    }
}

@Suite struct TaskHistoryTests {
    @Test(
        "a message comes back as it was, on one line",
        arguments: ["", "plain", "two\nlines\r\n", "back\\slash \\n", "nul\0", "tab\tinside", "Zoë 日本", "\\"])
    func escape(message: String) throws {
        let line = TaskHistory.line(attempt: 3, message: message)
        #expect(!line.unicodeScalars.contains { $0 == "\n" || $0 == "\r" || $0 == "\0" })
        let history = TaskHistory(Array("2\t1\n1700\t\(line)".utf8))
        #expect(history.attempts == 2 && history.recoveries == 1)
        let trouble = try #require(history.troubles.first)
        #expect(trouble == Trouble(at: 1700, attempt: 3, message: message))
    }

    @Test("a long message is cut between characters")
    func cut() throws {
        let line = TaskHistory.line(attempt: 1, message: String(repeating: "日", count: 5000))
        let history = TaskHistory(Array("1\t0\n5\t\(line)".utf8))
        let message = try #require(history.troubles.first?.message)
        #expect(message.utf8.count <= TaskHistory.messageLimit + 3)
        #expect(message.hasSuffix("日…"))
    }

    @Test(
        "a broken history is empty or shorter, never a trap",
        arguments: ["", "\n", "x\ty", "1", "1\t2\nnonsense", "\t\t\n\t\t"])
    func broken(text: String) {
        let history = TaskHistory(Array(text.utf8))
        #expect(history.troubles.isEmpty)
        #expect((0...1).contains(history.attempts))
    }
}

@Suite struct TaskRecordReaderTests {
    @Test func `a record is read alike whatever came before it`() {
        let records = [
            TaskRecord(kind: "k", queue: "q", payload: Array("one".utf8)),
            TaskRecord(kind: "k", queue: "q", payload: []),
            TaskRecord(kind: "k", queue: "q", tenant: "t", payload: [0, 10, 9, 255]),
            TaskRecord(kind: "k", queue: "q", payload: Array("\n\n".utf8)),
            TaskRecord(kind: "k", queue: "q", options: .init(maxAttempts: 3), payload: Array("k\tq\t\t\n".utf8)),
            TaskRecord(kind: "k", queue: "q", payload: Array("k\tq\t\t\n".utf8)),
        ]
        var reader = TaskRecordReader()
        for _ in 0..<50 {
            for record in [records.randomElement(), records.randomElement()].compactMap({ $0 }) {
                #expect(reader.read(record.bytes) == record)
            }
        }
        #expect(reader.read(Array("no head".utf8)) == nil)
        #expect(reader.read(records[0].bytes) == records[0])
    }
}
