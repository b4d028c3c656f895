/** What a file's extension says where its content need not, or cannot, be asked. */

/** Pictures that are not decoded here, whatever they are called. */
export const unreadablePictures: ReadonlySet<string> = new Set(
  'heic heif bmp ico jp2 j2k jxl psd tga ppm pgm pbm exr hdr svgz'.split(' '),
);

/** Raw files of cameras: TIFF inside by their first bytes, but what a TIFF reader finds there is a thumbnail. */
export const cameraRaws: ReadonlySet<string> = new Set('dng cr2 cr3 nef arw orf raf rw2 pef srw'.split(' '));

/** Everything that lies beside images and is none: not opened, because there may be one beside each of a million images. */
export const otherFiles: ReadonlySet<string> = new Set(
  (
    'txt csv tsv json jsonl ndjson xml yaml yml toml md rst html htm css js ts py ipynb sh m mat pkl npy npz pt pth onnx h5 hdf5 tfrecord ' +
    'parquet zip tar gz tgz bz2 xz 7z rar mp4 mov avi mkv webm mp3 wav pdf doc docx xls xlsx ppt pptx db ini log lock bak url lnk exe dll'
  ).split(' '),
);

/** The extension of a name, in small letters, without the dot; '' where there is none. A name like `.png` is hidden, not a PNG. */
export function extensionOf(name: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const dot = base.lastIndexOf('.');
  return dot <= 0 ? '' : base.slice(dot + 1).toLowerCase();
}

/** What operating systems, editors and archives leave in a folder. `part` is one name of a path. */
export function isClutter(part: string): boolean {
  return part.startsWith('.') || /^(__MACOSX|thumbs\.db|ehthumbs\.db|desktop\.ini|\$RECYCLE\.BIN|@eaDir)$/i.test(part);
}
