/** The method SendCommand of a node: a command with a body in JSON, and the answer of the node. */
import type { Variant } from 'node-opcua-client';
import { MoteError } from '../../../../base/index.ts';
import type { AddressSpace, Library, ServerSeam, UaObject } from './types.ts';

/** Commands that wait for an answer. */
export const MAX_COMMANDS = 16;
const MAX_BODY = 4096;

interface Result {
  readonly statusCode: Library['StatusCodes'][keyof Library['StatusCodes']];
  readonly outputArguments?: { dataType: number; value: unknown }[];
}

export class Commands {
  readonly #library: Library;
  readonly #seam: Pick<ServerSeam, 'send' | 'onProblem'>;
  #waiting = 0;
  #sent = 0;

  constructor(library: Library, seam: Pick<ServerSeam, 'send' | 'onProblem'>) {
    this.#library = library;
    this.#seam = seam;
  }

  get sent(): number {
    return this.#sent;
  }

  add(address: AddressSpace, device: string, object: UaObject): void {
    const { DataType } = this.#library;
    const own = address.getOwnNamespace();
    const argument = (name: string, text: string, dataType: number) => ({ name, dataType, description: { text } });
    const method = own.addMethod(object, {
      nodeId: `${object.nodeId.toString()}/SendCommand`,
      browseName: { namespaceIndex: own.index, name: 'SendCommand' },
      inputArguments: [
        argument('Name', 'Name of the command.', DataType.String),
        argument('Body', 'What the command takes, in JSON; empty: nothing.', DataType.String),
      ],
      outputArguments: [
        argument('Ok', 'Whether the node has done it.', DataType.Boolean),
        argument('Text', 'What the node answers.', DataType.String),
      ],
    });
    method.bindMethod((inputs: Variant[], _context: unknown, done: (error: Error | null, result?: never) => void) => {
      void this.#call(device, inputs).then((result) => done(null, result as never));
    });
  }

  async #call(device: string, [name, body]: readonly Variant[]): Promise<Result> {
    const { StatusCodes, DataType } = this.#library;
    const command = String(name?.value ?? '');
    const text = String(body?.value ?? '').trim();
    if (command === '' || text.length > MAX_BODY) return { statusCode: StatusCodes.BadInvalidArgument };
    let value: unknown;
    try {
      value = text === '' ? undefined : JSON.parse(text);
    } catch {
      return { statusCode: StatusCodes.BadInvalidArgument };
    }
    if (this.#waiting >= MAX_COMMANDS) return { statusCode: StatusCodes.BadTooManyOperations };
    this.#waiting++;
    this.#sent++;
    try {
      const answer = await this.#seam.send(device, command, value);
      return {
        statusCode: StatusCodes.Good,
        outputArguments: [
          { dataType: DataType.Boolean, value: answer.ok },
          { dataType: DataType.String, value: answer.text },
        ],
      };
    } catch (error) {
      if (!(error instanceof MoteError)) return { statusCode: StatusCodes.BadInternalError };
      if (error.code === 'COMMAND_TIMEOUT') return { statusCode: StatusCodes.BadTimeout };
      if (error.code === 'COMMAND') return { statusCode: StatusCodes.BadInvalidArgument };
      this.#seam.onProblem(error);
      return { statusCode: StatusCodes.BadCommunicationError };
    } finally {
      this.#waiting--;
    }
  }
}
