/** The images among dropped or pasted files, and how many were left out because they say that they are something else. */
export function imagesOf(files: Iterable<File>): { images: File[]; others: number } {
  const all = [...files];
  // A type that the system does not know is left to the server, which goes by the content.
  const images = all.filter(({ type }) => type === '' || type.startsWith('image/'));
  return { images, others: all.length - images.length };
}

/** What is wrong with an image before it is sent; null where it may be sent. */
export function sizeProblem(file: Blob, most: number): string | null {
  if (file.size === 0) return 'The file is empty.';
  return file.size > most
    ? `The file has ${megabytes(file.size)}, and the server takes ${megabytes(most)} at most. Send a smaller copy.`
    : null;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
