import { Document, isMap, isSeq, visit } from 'yaml';

/** YAML of plain JSON, without anchors and without folding; short lists of scalars stay on one line. */
export function yamlText(data: unknown): string {
  const document = new Document(data, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_key, sequence) {
      if (sequence.items.length > 0 && sequence.items.every((item) => !isMap(item) && !isSeq(item))) {
        sequence.flow = JSON.stringify(sequence.toJSON()).length <= 72;
      }
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}
