/// A job on its way to Redis, as bytes, with options of its own.
public struct JobRequest: Sendable, Hashable {
    /// What kind of job it is; workers choose by it.
    public var kind: String
    /// What its handler gets. Redis never looks inside.
    public var payload: [UInt8]
    /// Where, when and how; its headers too.
    public var options: EnqueueOptions

    public init(kind: String, payload: [UInt8], options: EnqueueOptions = .init()) {
        self.kind = kind
        self.payload = payload
        self.options = options
    }
}
