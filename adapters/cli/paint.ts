/** The few colours of the command line, and only where a terminal wants them. */

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan'

const codes: Readonly<Record<Colour, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 }

export function paint(text: string, colour: Colour | undefined, colours: boolean): string {
  return colours && colour !== undefined && text !== '' ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text
}
