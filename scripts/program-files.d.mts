export declare function programFiles(root: string): Readonly<Record<string, string>>;
