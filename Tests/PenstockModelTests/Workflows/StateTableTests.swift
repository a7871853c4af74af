import Foundation
import PenstockModel
import Testing

@Suite struct StateTableTests {
    @Test("every state has its line in the tables, and words of its own")
    func complete() {
        #expect(Set(RunState.moves.keys) == Set(RunState.allCases))
        #expect(Set(StepState.moves.keys) == Set(StepState.allCases))
        #expect(Set(RunState.allCases.map(\.words)).count == RunState.allCases.count)
        #expect(Set(StepState.allCases.map(\.words)).count == StepState.allCases.count)
    }

    @Test("every state can be reached, and no state moves to itself")
    func reachable() {
        func reached<State: Hashable>(from first: State, _ moves: [State: Set<State>]) -> Set<State> {
            var seen: Set<State> = [first]
            var front = [first]
            while let state = front.popLast() {
                for next in moves[state, default: []] where seen.insert(next).inserted { front.append(next) }
            }
            return seen
        }
        #expect(reached(from: .pending, RunState.moves) == Set(RunState.allCases))
        #expect(reached(from: .pending, StepState.moves) == Set(StepState.allCases))
        #expect(RunState.allCases.allSatisfy { !$0.canMove(to: $0) })
        #expect(StepState.allCases.allSatisfy { !$0.canMove(to: $0) })
    }

    @Test("an ended run moves by hand only: to run again, to finish its rollback, to delete its data")
    func terminal() {
        let byHand: Set<RunState> = [.pending, .rollingBack, .deletingData, .dataDeleted]
        for state in RunState.allCases where state.isTerminal {
            #expect(RunState.moves[state, default: []].isSubset(of: byHand))
        }
        for state in RunState.allCases where !state.isTerminal {
            #expect(!RunState.moves[state, default: []].isEmpty)
        }
        #expect(!RunState.succeeded.canMove(to: .running) && !RunState.dataDeleted.canMove(to: .pending))
    }

    @Test("the diagrams in the documentation are those of the tables")
    func documentation() throws {
        var folder = URL(fileURLWithPath: #filePath)
        while folder.path != "/",
            !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
        {
            folder.deleteLastPathComponent()
        }
        let page = try String(
            contentsOf: folder.appendingPathComponent("Sources/Penstock/Penstock.docc/RunStates.md"), encoding: .utf8)
        for diagram in [RunState.diagram, StepState.diagram] {
            #expect(page.contains("```mermaid\n\(diagram)\n```"), "the page should have:\n\(diagram)")
        }
    }
}
