// Starts the language server, `alvh lsp`, and restarts it when its settings change.

"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

/** @type {LanguageClient | undefined} */
let client;
/** @type {vscode.FileSystemWatcher | undefined} */
let files;

async function start() {
  const settings = vscode.workspace.getConfiguration("alvh");
  const [command, ...args] = settings.get("server.command");
  files = vscode.workspace.createFileSystemWatcher("**/{*.alvh,alvh.toml}");
  client = new LanguageClient(
    "alvh",
    "alvh",
    { command, args },
    {
      documentSelector: [{ language: "alvh" }],
      initializationOptions: { data: settings.get("data") },
      synchronize: { fileEvents: files },
    },
  );
  try {
    await client.start();
  } catch (problem) {
    vscode.window.showErrorMessage(
      `alvh: \`${[command, ...args].join(" ")}\` did not start (${problem}). ` +
        "Install it with: pip install 'alvh-rules[lsp]', or set alvh.server.command.",
    );
  }
}

async function stop() {
  const running = client;
  client = undefined;
  files?.dispose();
  try {
    await running?.stop();
  } catch {
    // A server that never started, or has ended, cannot be stopped.
  }
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("alvh.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("alvh") ? restart() : undefined,
    ),
  );
  await start();
};

exports.deactivate = stop;
