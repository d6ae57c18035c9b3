/** A form made of a JSON schema: objects, arrays, unions by tag, texts, numbers, booleans; the rest is a field for JSON. */
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks"
import {
  choicesOf,
  initialOf,
  isSchema,
  type JsonSchema,
  kindOf,
  propertiesOf,
  requiredOf,
  resolved,
  tagOf,
  valuesOf
} from "./jsonSchema.ts"
import { roundedText } from "./rounded.ts"

export interface FieldProps {
  readonly label: string
  readonly schema: JsonSchema
  /** Where references lead to. */
  readonly root: JsonSchema
  readonly value: unknown
  readonly isRequired: boolean
  readonly onChange: (value: unknown) => void
}

/** What a schema says of what it takes, beside its type. */
const hintOf = (schema: JsonSchema): string | undefined => {
  const limits = [
    ["minimum", "at least"],
    ["maximum", "at most"],
    ["minLength", "characters at least:"],
    ["maxLength", "characters at most:"],
    ["format", "format"],
    ["pattern", "matches"]
  ].flatMap(([key = "", text]) => schema[key] === undefined ? [] : [`${text} ${String(schema[key])}`])
  const { description } = schema
  const all = [...typeof description === "string" ? [description] : [], ...limits]
  return all.length === 0 ? undefined : all.join(", ")
}

const fieldLabel = ({ isRequired, label }: Pick<FieldProps, "isRequired" | "label">) => (
  <span class="label">{label}{isRequired ? null : <span class="soft">(optional)</span>}</span>
)

export const Field = (props: FieldProps) => {
  const schema = resolved(props.schema, props.root)
  const own = { ...props, schema }
  switch (kindOf(schema, props.root)) {
    case "choice": {
      const values = valuesOf(schema, props.root)!
      // there is nothing to choose
      return props.isRequired && values.length === 1 && values[0] === null ? null : <Choice {...own} />
    }
    case "text":
      return <TextField {...own} />
    case "number":
    case "integer":
      return <NumberField {...own} />
    case "boolean":
      return <Toggle {...own} />
    case "object":
      return props.isRequired ? <ObjectField {...own} /> : <Optional {...own} />
    case "array":
      return <ArrayField {...own} />
    case "tuple":
      return <TupleField {...own} />
    case "union":
      return props.isRequired ? <UnionField {...own} /> : <Optional {...own} />
    case "nullable":
      return <Nullable {...own} />
    case "json":
      return <JsonField {...own} />
  }
}

const Hint = ({ id, schema }: { readonly id: string; readonly schema: JsonSchema }) => {
  const hint = hintOf(schema)
  return hint === undefined ? null : <span id={id} class="hint">{hint}</span>
}

const TextField = ({ isRequired, label, onChange, schema, value }: FieldProps) => {
  const hint = useId()
  const given = typeof value === "string" ? value : ""
  return (
    <label class="field">
      {fieldLabel({ isRequired, label })}
      <textarea
        rows={given.length > 60 || given.includes("\n") ? 4 : 1}
        aria-describedby={hint}
        value={given}
        onInput={({ currentTarget: { value } }) => onChange(value === "" && !isRequired ? undefined : value)}
      />
      <Hint id={hint} schema={schema} />
    </label>
  )
}

const NumberField = ({ isRequired, label, onChange, schema, value }: FieldProps) => {
  const hint = useId()
  return (
    <label class="field">
      {fieldLabel({ isRequired, label })}
      <input
        type="number"
        step={schema.type === "integer" ? 1 : "any"}
        required={isRequired}
        aria-describedby={hint}
        value={typeof value === "number" ? value : ""}
        onInput={({ currentTarget: field }) => {
          field.setCustomValidity(roundedText(field.value))
          onChange(field.value === "" ? undefined : Number(field.value))
        }}
      />
      <Hint id={hint} schema={schema} />
    </label>
  )
}

const Toggle = ({ label, onChange, value }: FieldProps) => (
  <label class="field toggle">
    <input type="checkbox" checked={value === true} onChange={({ currentTarget }) => onChange(currentTarget.checked)} />
    <span class="label">{label}</span>
  </label>
)

const Choice = ({ isRequired, label, onChange, root, schema, value }: FieldProps) => {
  const values = valuesOf(schema, root)!
  const at = values.findIndex((one) => one === value)
  return (
    <label class="field">
      {fieldLabel({ isRequired, label })}
      <select
        required={isRequired}
        value={at < 0 ? "" : String(at)}
        onChange={({ currentTarget: { value } }) => onChange(value === "" ? undefined : values[Number(value)])}
      >
        <option value="">{isRequired ? "Choose" : "none"}</option>
        {values.map((one, i) => (
          <option key={i} value={String(i)}>{typeof one === "string" ? one : JSON.stringify(one)}</option>
        ))}
      </select>
    </label>
  )
}

/** Fields of an object, one below the other: what is left empty is not in it. */
export const Fields = (
  { given, of, onChange, root, schema }: {
    readonly given: Readonly<Record<string, unknown>>
    readonly schema: JsonSchema
    /** Which of its properties. */
    readonly of: ReadonlyArray<readonly [name: string, schema: JsonSchema]>
    readonly root: JsonSchema
    readonly onChange: (given: Readonly<Record<string, unknown>>) => void
  }
) => (
  <>
    {of.map(([name, below]) => (
      <Field
        key={name}
        label={name}
        schema={below}
        root={root}
        value={given[name]}
        isRequired={requiredOf(schema).includes(name)}
        onChange={(value) => {
          const { [name]: _, ...rest } = given
          onChange(value === undefined ? rest : { ...rest, [name]: value })
        }}
      />
    ))}
  </>
)

const ObjectField = ({ label, onChange, root, schema, value }: FieldProps) => {
  const required = requiredOf(schema)
  // a tag is not chosen, it is what was chosen
  const isTag = ([name, below]: readonly [string, JsonSchema]) =>
    required.includes(name) && valuesOf(resolved(below, root), root)?.length === 1
  return (
    <fieldset>
      <legend>{label}</legend>
      <Fields
        schema={schema}
        of={propertiesOf(schema).filter((one) => !isTag(one))}
        root={root}
        given={isSchema(value) ? value : {}}
        onChange={onChange}
      />
    </fieldset>
  )
}

/** An object that may be left out. */
const Optional = (props: FieldProps) => (
  <div>
    <label class="field toggle">
      <input
        type="checkbox"
        checked={props.value !== undefined}
        onChange={({ currentTarget }) =>
          props.onChange(currentTarget.checked ? initialOf(props.schema, props.root) : undefined)}
      />
      <span class="label">{props.label}</span>
    </label>
    {props.value === undefined ? null : <Field {...props} isRequired={true} />}
  </div>
)

const Nullable = (props: FieldProps) => {
  const other = choicesOf(props.schema).map((one) => resolved(one, props.root)).find(({ type }) => type !== "null")!
  return (
    <div>
      <label class="field toggle">
        <input
          type="checkbox"
          checked={props.value === null}
          onChange={({ currentTarget }) => props.onChange(currentTarget.checked ? null : initialOf(other, props.root))}
        />
        <span class="label">{props.label}: null</span>
      </label>
      {props.value === null ? null : <Field {...props} schema={other} />}
    </div>
  )
}

/** What each item of a list is known by, as long as it is there: what is written in one goes with it. */
const useKeys = (count: number) => {
  const last = useRef(0)
  const keys = useRef<Array<number>>([])
  while (keys.current.length < count) keys.current.push(last.current++)
  keys.current.length = count
  return keys.current
}

const ArrayField = ({ label, onChange, root, schema, value }: FieldProps) => {
  const given = Array.isArray(value) ? value as ReadonlyArray<unknown> : []
  const items = schema.items as JsonSchema
  const keys = useKeys(given.length)
  const list = useRef<HTMLFieldSetElement>(null)
  /** Which item is to have the keyboard, and what in it. */
  const wanted = useRef<readonly [at: number, selector: string] | undefined>(undefined)
  useLayoutEffect(() => {
    if (wanted.current === undefined) return
    const [at, selector] = wanted.current
    wanted.current = undefined
    const item = list.current?.querySelectorAll(":scope > .item")[at]
    const next = item?.querySelector<HTMLElement>(selector) ?? list.current?.querySelector(":scope > button")
    if (next instanceof HTMLElement) next.focus()
  }, [given.length])
  const remove = (i: number) => {
    keys.splice(i, 1)
    wanted.current = [Math.min(i, given.length - 2), ":scope > button"]
    onChange(given.filter((_, at) => at !== i))
  }
  const add = () => {
    wanted.current = [given.length, "input, select, textarea, button"]
    onChange([...given, initialOf(items, root)])
  }
  return (
    <fieldset ref={list}>
      <legend>{label}</legend>
      {given.map((one, i) => (
        <div key={keys[i]} class="item">
          <Field
            label={`${label} ${i + 1}`}
            schema={items}
            root={root}
            value={one}
            isRequired={true}
            onChange={(value) => onChange(given.map((other, at) => at === i ? value : other))}
          />
          <button type="button" class="small" onClick={() => remove(i)}>
            Remove {label} {i + 1}
          </button>
        </div>
      ))}
      <button type="button" class="small" onClick={add}>
        Add to {label}
      </button>
    </fieldset>
  )
}

const TupleField = ({ label, onChange, root, schema, value }: FieldProps) => {
  const items = (schema.prefixItems as ReadonlyArray<unknown>).filter(isSchema)
  const given = Array.isArray(value) ? value as ReadonlyArray<unknown> : []
  return (
    <fieldset>
      <legend>{label}</legend>
      {items.map((one, i) => (
        <Field
          key={i}
          label={`${label} ${i + 1}`}
          schema={one}
          root={root}
          value={given[i]}
          isRequired={true}
          onChange={(value) => onChange(items.map((_, at) => at === i ? value : given[at]))}
        />
      ))}
    </fieldset>
  )
}

const UnionField = ({ label, onChange, root, schema, value }: FieldProps) => {
  const choices = choicesOf(schema).map((one) => resolved(one, root))
  const { field, tags } = tagOf(choices)!
  const tag = isSchema(value) && typeof value[field] === "string" ? value[field] : tags[0]!
  const at = Math.max(0, tags.indexOf(tag))
  return (
    <fieldset>
      <legend>{label}</legend>
      <label class="field">
        <span class="label">{field}</span>
        <select
          value={tags[at]}
          onChange={({ currentTarget: { value } }) => onChange(initialOf(choices[tags.indexOf(value)]!, root))}
        >
          {tags.map((one) => <option key={one} value={one}>{one}</option>)}
        </select>
      </label>
      <Field
        key={tags[at]}
        label={tags[at]!}
        schema={choices[at]!}
        root={root}
        value={value}
        isRequired={true}
        onChange={onChange}
      />
    </fieldset>
  )
}

/** Whatever else there is: it is written as JSON. */
const JsonField = ({ isRequired, label, onChange, schema, value }: FieldProps) => {
  const hint = useId()
  const [text, setText] = useState(value === undefined ? "" : JSON.stringify(value, null, 2))
  const change = (area: HTMLTextAreaElement) => {
    setText(area.value)
    if (area.value.trim() === "") {
      area.setCustomValidity(isRequired ? "JSON is needed here: null, if it is nothing" : "")
      return onChange(undefined)
    }
    try {
      onChange(JSON.parse(area.value))
      area.setCustomValidity(roundedText(area.value))
    } catch (error) {
      area.setCustomValidity(`This is not JSON: ${error instanceof Error ? error.message : ""}`)
    }
  }
  return (
    <label class="field">
      <span class="label">
        {label} <span class="soft">(JSON{isRequired ? "" : ", optional"})</span>
      </span>
      <textarea
        class="code"
        rows={4}
        required={isRequired}
        spellcheck={false}
        aria-describedby={hint}
        value={text}
        onInput={({ currentTarget }) => change(currentTarget)}
      />
      <Hint id={hint} schema={schema} />
    </label>
  )
}
