/// How states look in diagrams, in one place. Text has a colour of its own, so that it can be read on a dark page too.
enum DiagramColours {
    static let present = style(of: .active)

    static func style(of state: StepState) -> String {
        switch state {
        case .pending: grey
        case .active: blue
        case .waiting: blue + dashed
        case .succeeded: green
        case .waived: green + dashed
        case .failed: red
        case .skipped, .cancelled: grey + dashed
        case .interrupted: orange
        case .rollingBack: yellow
        case .rolledBack: yellow + dashed
        case .rollbackFailed: "fill:#cf222e,stroke:#82071e,color:#ffffff"
        }
    }

    private static let grey = "fill:#f6f8fa,stroke:#8c959f,color:#424a53"
    private static let blue = "fill:#ddf4ff,stroke:#0969da,color:#0a3069"
    private static let green = "fill:#dafbe1,stroke:#1a7f37,color:#044f1e"
    private static let red = "fill:#ffebe9,stroke:#cf222e,color:#82071e"
    private static let orange = "fill:#fff1e5,stroke:#bc4c00,color:#702c00"
    private static let yellow = "fill:#fff8c5,stroke:#9a6700,color:#4d2d00"
    private static let dashed = ",stroke-dasharray:4 3"
}
