public enum DiagramDirection: String, Sendable, CaseIterable { case topToBottom = "TB", leftToRight = "LR", rightToLeft = "RL", bottomToTop = "BT" }
extension WorkflowShape {
    package func mermaid(direction: DiagramDirection, standings: [String: StepStanding]? = nil, present: String? = nil) -> String { "" }
}
