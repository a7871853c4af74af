/// What a rollback that failed for good means for the steps before it.
public enum RollbackPolicy: String, Sendable, Hashable, CaseIterable, Codable {
    /// What it stands on is left as it is; independent branches go on; the run ends failed, its rollback incomplete.
    case preserve
    /// It counts as done; the rollback goes on.
    case always
}
