// The reports in reports/: the recording each is made of, and the options. `npm run examples` makes them again, a test compares.
export const EXAMPLES = [
  { name: 'first-light', recording: 'traces/ftrace/nvme-pagecache.report.txt.gz', options: [] },
  {
    name: 'xfs-database',
    recording: 'traces/perf/xfs-database.script.txt.gz',
    options: ['--seal-rule', 'mapped'],
  },
  {
    name: 'dax-pins',
    recording: 'traces/ftrace/dax-odirect.report.txt.gz',
    options: ['--policy', 'dax,longterm-refused,mapsync-pin,mapdirect-lease,odp,virtiofs-dax,pagecache,recorded'],
  },
  {
    name: 'pnfs-leases',
    recording: 'traces/ftrace/nvme-pagecache.report.txt.gz',
    options: ['--policy', 'pnfs-layout,layout-user,mapdirect-lease,static-map,pagecache,recorded'],
  },
];

export const reportPath = ({ name }) => `reports/${name}.html`;

/** Words of a command line that makes an example. */
export const exampleWords = ({ recording, options }, out) => ['report', recording, ...options, '-o', out];
