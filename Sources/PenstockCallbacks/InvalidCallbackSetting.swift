/// Something given to callbacks that cannot be used, found before anything is sent: which, why, and the way out. It
/// never tells a secret.
public struct InvalidCallbackSetting: Error, Sendable, Hashable, CustomStringConvertible {
    /// What it is about: `secret 2`, `address range "10.0.0.1/8"`, `header "Host"`.
    public let setting: String
    public let problem: String

    public var description: String { "\(setting) \(problem)" }
}
