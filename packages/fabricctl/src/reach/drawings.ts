export { dotText } from './dot-text.ts';
export { drawingOf } from './drawing.ts';
export { foldTwins } from './fold-twins.ts';
export { svgText } from './svg-text.ts';
