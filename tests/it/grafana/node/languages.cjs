// Parses queries with the grammars that Grafana's own editors have. In: [{ "language", "text" }]; out: for each the
// places where it goes wrong, and the names that stand in it.
const { createRequire } = require('node:module');
const { readFileSync } = require('node:fs');
const from = createRequire(process.argv[2] + '/package.json');

const parsers = {
  logql: from('@grafana/lezer-logql').parser,
  traceql: from('@grafana/lezer-traceql').parser,
};
const queries = JSON.parse(readFileSync(0, 'utf8'));
const answers = queries.map(({ language, text }) => {
  const wrong = [];
  const names = [];
  parsers[language].parse(text).iterate({
    enter(node) {
      if (node.type.isError) wrong.push(text.slice(node.from));
      if (node.name === 'Identifier') names.push(text.slice(node.from, node.to));
      if (node.name === 'AttributeField') names.push(text.slice(node.from, node.to));
    },
  });
  return { wrong, names };
});
process.stdout.write(JSON.stringify(answers));
