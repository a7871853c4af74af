/// What a script, or an include that few calls need, has defined before its own code.
///
/// Redis compiles a script once and runs it from its first line at each call, so that each function costs every call the
/// making of a closure: some 0.15 us. A hundred of them are more than the work of most calls. So an include that says
/// `--@seldom` is rendered as one function that at its first call in a call of the script defines everything that it needs,
/// and then itself, in its own place:
///
///     local park
///     local function key(name) ... end
///     function park(...)
///       local function line_up(waiting) ... end
///       function park(gate) ... end
///       return park(...)
///     end
///
/// What several of them need, and nothing else does, each of them has for itself: text costs nothing but its compilation.
struct ScriptScope {
    private(set) var code: [LuaLine] = []

    /// An empty one.
    init() {}

    /// - Parameter visible: names that are defined outside.
    init(of unit: LuaUnit, among includes: [String: LuaUnit], visible: Set<String> = []) {
        var ready: [LuaUnit] = []
        var seldom: [LuaUnit] = []
        var visible = visible
        func visit(_ unit: LuaUnit) {
            for (name, _) in unit.includes where visible.insert(name).inserted {
                guard let include = includes[name] else { continue }
                if include.isSeldom {
                    seldom.append(include)
                } else {
                    visit(include)
                    ready.append(include)
                }
            }
        }
        visit(unit)
        if let first = seldom.first?.code.first {
            code.append(
                LuaLine(
                    path: first.path, number: first.number,
                    text: "local " + seldom.map(\.file.name).joined(separator: ", ")))
        }
        code += ready.flatMap(\.code)
        for include in seldom {
            guard let first = include.code.first, let last = include.code.last else { continue }
            let name = include.file.name
            func line(_ text: String, like other: LuaLine) -> LuaLine {
                LuaLine(path: other.path, number: other.number, text: text)
            }
            code.append(line("function \(name)(...)", like: first))
            code += ScriptScope(of: include, among: includes, visible: visible).code
            code += include.code.map { own in
                own.text.hasPrefix("local function \(name)(") ? line(String(own.text.dropFirst(6)), like: own) : own
            }
            code.append(line("return \(name)(...)", like: last))
            code.append(line("end", like: last))
        }
    }
}
