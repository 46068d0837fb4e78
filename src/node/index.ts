/**
 * What needs the file system or a terminal. Importing this gives paths their meaning: from then on a path stands for
 * a folder of checkpoints or a log file wherever a store or a sink is expected, and progress goes to standard output.
 */
import {registerPlatform} from '../core';
import {DirectoryStore} from './directoryStore';
import {FileSink} from './fileSink';
import {terminalSink} from './terminalSink';

registerPlatform({
  openStore: path => new DirectoryStore(path),
  openText: path => new FileSink(path),
  terminal: () => terminalSink(),
});

export {DirectoryStore} from './directoryStore';
export {FileSink} from './fileSink';
export {fileSystem} from './fileSystem';
export {terminalSink} from './terminalSink';
export type {TerminalStream} from './terminalSink';
