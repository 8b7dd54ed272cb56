// How a block device is called: by its number, major * 2^20 + minor as in the kernel's dev_t, and as a file of its own.

export const deviceText = (device: number): string => `${Math.floor(device / 2 ** 20)}:${device % 2 ** 20}`;

/** The path of the device itself, as a file that is read and written past any file system. */
export const blockDevicePath = (device: number): string => `block device ${deviceText(device)}`;

/** `7:0` as a number; NaN where it is none. */
export function deviceOfText(text: string): number {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(text) ?? [];
  return major === undefined ? Number.NaN : Number(major) * 2 ** 20 + Number(minor);
}
