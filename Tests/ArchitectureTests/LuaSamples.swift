import ScriptRendering

/// Small scripts and includes to render in tests.
enum LuaSamples {
    static let files: [LuaFile] = [putAway, count, clock, key]

    static let putAway = LuaFile(
        .script, name: "put_away",
        text: """
            --- put_away: stores things, all or none. A second
            --- sentence goes on here.
            --- flags: allow-oom
            --- KEYS[1] prefix: hash tag
            --- ARGV[1] token: names the call
            --- ARGV[2] lease: ms
            --- ARGV[3] things...: what to store
            ---   one by one
            --- returns: number of things
            --- errors: TAKEN the token is known
            --@include clock
            --@include key

            -- Nothing is written before this.
            local now = clock()
            if ARGV[1] == '-- no comment' then
              return redis.error_reply('TAKEN ' .. ARGV[1])   -- kept
            end

            for i = 3, #ARGV do
            \tredis.call('HSET', key('things'), ARGV[i], now + tonumber(ARGV[2]))
            end
            return #ARGV - 2

            """)

    static let count = LuaFile(
        .script, name: "count",
        text: """
            --- count: how many things there are.
            --- flags: no-writes
            --- KEYS[1] prefix: hash tag
            --- returns: number
            --@include key
            return redis.call('HLEN', key('things'))
            """)

    static let clock = LuaFile(
        .include, name: "clock",
        text: """
            --- clock: the time in ms.
            --@include key
            local function clock()
              local time = redis.call('TIME')
              return time[1] * 1000 + (tonumber(redis.call('HGET', key('clock'), 'offset')) or 0)
            end
            """)

    static let key = LuaFile(
        .include, name: "key",
        text: """
            --- key: the name of a key.
            local function key(name)
              return KEYS[1] .. name
            end
            """)

    static func script(_ body: String, includes: [String] = [], fields: String = "") -> LuaFile {
        let includes = includes.map { "--@include \($0)\n" }.joined()
        return LuaFile(
            .script, name: "sample", text: "--- sample: does.\n\(fields)--- returns: it\n\(includes)\(body)\n")
    }

    static func include(_ name: String, includes: [String] = []) -> LuaFile {
        let includes = includes.map { "--@include \($0)\n" }.joined()
        let text = "--- \(name): helps.\n\(includes)local function \(name)()\n  return 1\nend\n"
        return LuaFile(.include, name: name, text: text)
    }
}
