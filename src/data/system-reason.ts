/** Why the system refused a file, in a few plain words. */
export function systemReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'no right to read it';
    case 'ELOOP':
      return 'links that lead round in a ring';
    case 'ENAMETOOLONG':
      return 'its path is too long';
    case 'ENOTDIR':
      return 'a file stands where a folder should be';
    case 'EISDIR':
      return 'a folder, not a file';
    case 'EIO':
      return 'the disk cannot read it';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open';
    default:
      return message ?? String(error);
  }
}
