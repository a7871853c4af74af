/// Which way a diagram runs, in Mermaid's letters.
public enum DiagramDirection: String, Sendable, Hashable, CaseIterable, Codable {
    case topToBottom = "TB"
    case leftToRight = "LR"
    case rightToLeft = "RL"
    case bottomToTop = "BT"
}
