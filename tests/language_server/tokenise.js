// Tokenises files by a TextMate grammar, as VS Code does: `node tokenise.js GRAMMAR FILE…`.
// Prints, as JSON, a list a file of [line, start, end, scope], the scope the innermost one.
// Run in a folder where vscode-textmate and vscode-oniguruma are installed.

"use strict";

const fs = require("fs");
const path = require("path");
const { createRequire } = require("module");

const load = createRequire(path.join(process.cwd(), "package.json"));
const oniguruma = load("vscode-oniguruma");
const textmate = load("vscode-textmate");

async function main([grammarPath, ...files]) {
  const wasm = load.resolve("vscode-oniguruma").replace(/main\.js$/, "onig.wasm");
  await oniguruma.loadWASM(fs.readFileSync(wasm).buffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text) => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () =>
      textmate.parseRawGrammar(fs.readFileSync(grammarPath, "utf8"), grammarPath),
  });
  const grammar = await registry.loadGrammar("source.alvh");
  const all = files.map((file) => {
    const found = [];
    let stack = textmate.INITIAL;
    fs.readFileSync(file, "utf8")
      .split("\n")
      .forEach((line, number) => {
        const result = grammar.tokenizeLine(line, stack);
        stack = result.ruleStack;
        for (const token of result.tokens) {
          found.push([number, token.startIndex, token.endIndex, token.scopes.at(-1)]);
        }
      });
    return found;
  });
  console.log(JSON.stringify(all));
}

main(process.argv.slice(2)).catch((problem) => {
  console.error(problem);
  process.exit(1);
});
