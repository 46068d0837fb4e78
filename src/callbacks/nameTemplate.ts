/**
 * Names of checkpoints with numbers in them: `'epoch-{epoch:03d}-{val_loss:.4f}'`.
 */
import {ConfigurationError} from '../core';
import {badOption} from './options';

const FIELD = /\{([A-Za-z_]\w*)(?::([^{}]*))?\}/g;
const FORMAT = /^(?:(0?)(\d+)?d|\.(\d+)([fe]))$/;

/** A template of Python's format style: `{name}`, `{name:03d}`, `{name:.4f}`, `{name:.2e}`. */
export class NameTemplate {
  /** The names that it needs numbers for. */
  readonly fields: readonly string[];

  constructor(
    private readonly owner: string,
    private readonly template: string,
  ) {
    if (typeof template !== 'string' || template === '')
      throw badOption(owner, 'name', template, 'a template');
    if (/[{}]/.test(template.replace(FIELD, ''))) {
      throw badOption(
        owner,
        'name',
        template,
        "a template with fields such as '{epoch:03d}' or '{val_loss:.4f}'",
      );
    }
    const fields = [...template.matchAll(FIELD)];
    for (const [, , format] of fields) {
      if (format !== undefined && !FORMAT.test(format)) {
        throw badOption(owner, `the format '${format}' in name`, template, "such as '03d', '.4f' or '.2e'");
      }
    }
    this.fields = fields.map(([, name]) => name!);
  }

  /** The name. Throws {@link ConfigurationError} for a field that has no number. */
  fill(values: Readonly<Record<string, number>>): string {
    return this.template.replace(FIELD, (_, name: string, format?: string) => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value !== undefined) return formatNumber(value, format);
      throw new ConfigurationError(
        `${this.owner}: its name '${this.template}' needs '${name}', which is not there.`,
        {
          hint: `There are: ${Object.keys(values).sort().join(', ')}.`,
          code: 'configuration/name-field',
        },
      );
    });
  }
}

function formatNumber(value: number, format: string | undefined): string {
  const [, zero, width, digits, kind] = (format !== undefined && FORMAT.exec(format)) || [];
  if (kind === 'f') return value.toFixed(Number(digits));
  if (kind === 'e') return value.toExponential(Number(digits));
  if (format === undefined) return String(value);
  return Math.round(value)
    .toString()
    .padStart(Number(width ?? 0), zero === '0' ? '0' : ' ');
}
