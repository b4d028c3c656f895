/** What a file holds, told by its first bytes. */

/** Kinds that are decoded here. */
export type DecodedKind = 'JPEG' | 'PNG' | 'GIF' | 'WebP' | 'AVIF' | 'TIFF' | 'SVG';

/** Pictures that are not decoded here, and what else is found under an image's name. */
export type OtherKind =
  | 'HEIC'
  | 'JPEG XL'
  | 'JPEG 2000'
  | 'BMP'
  | 'ICO'
  | 'PSD'
  | 'PDF'
  | 'HTML'
  | 'video'
  | 'ZIP'
  | 'gzip'
  | 'Git LFS pointer';

export type ContentKind = DecodedKind | OtherKind;

const kindsByExtension: ReadonlyMap<string, DecodedKind> = new Map([
  ['jpg', 'JPEG'],
  ['jpeg', 'JPEG'],
  ['jpe', 'JPEG'],
  ['jfif', 'JPEG'],
  ['png', 'PNG'],
  ['gif', 'GIF'],
  ['webp', 'WebP'],
  ['avif', 'AVIF'],
  ['tif', 'TIFF'],
  ['tiff', 'TIFF'],
  ['svg', 'SVG'],
]);

const decoded: ReadonlySet<ContentKind> = new Set(kindsByExtension.values());

/** Whether files of a kind are decoded here. */
export function isDecoded(kind: ContentKind): kind is DecodedKind {
  return decoded.has(kind);
}

/** The kind that a name promises: by its extension, or undefined where that is no image's that is decoded here. */
export function kindOfName(extension: string): DecodedKind | undefined {
  return kindsByExtension.get(extension);
}

/** Bytes that `kindOfContent` looks at. */
export const headBytes = 4096;

/** The kind of a file by its first bytes (`headBytes` are enough), or undefined where they are none that is known. */
export function kindOfContent(head: Uint8Array): ContentKind | undefined {
  const text = Buffer.from(head.buffer, head.byteOffset, Math.min(head.length, headBytes)).toString('latin1');
  const starts = (...signatures: string[]) => signatures.some((signature) => text.startsWith(signature));
  if (starts('\xff\xd8\xff')) return 'JPEG';
  if (starts('\x89PNG\r\n\x1a\n')) return 'PNG';
  if (starts('GIF87a', 'GIF89a')) return 'GIF';
  if (starts('II*\0', 'MM\0*', 'II+\0', 'MM\0+')) return 'TIFF';
  if (starts('RIFF')) return text.startsWith('WEBP', 8) ? 'WebP' : text.startsWith('AVI ', 8) ? 'video' : undefined;
  if (text.startsWith('ftyp', 4)) return kindOfBrands(text);
  if (starts('\xff\x0a', '\0\0\0\x0cJXL ')) return 'JPEG XL';
  if (starts('\0\0\0\x0cjP  ', '\xff\x4f\xff\x51')) return 'JPEG 2000';
  if (starts('BM') && /^BM.{4}\0\0\0\0/s.test(text)) return 'BMP';
  if (starts('\0\0\x01\0')) return 'ICO';
  if (starts('8BPS')) return 'PSD';
  if (starts('%PDF-')) return 'PDF';
  if (starts('PK\x03\x04')) return 'ZIP';
  if (starts('\x1f\x8b')) return 'gzip';
  if (starts('\x1aE\xdf\xa3')) return 'video';
  if (starts('version https://git-lfs.github.com/spec/')) return 'Git LFS pointer';
  return kindOfMarkup(text);
}

/** An ISO base media file (ISO/IEC 14496-12) by its major brand, then by the compatible ones. */
function kindOfBrands(text: string): ContentKind {
  const end = Math.min(text.length, Math.max(16, text.charCodeAt(2) * 256 + text.charCodeAt(3)));
  const brands = [text.slice(8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) brands.push(text.slice(at, at + 4));
  for (const brand of brands) {
    if (/^av(if|is)$/.test(brand)) return 'AVIF';
    if (/^(hei[cxms]|hev[cxms])$/.test(brand)) return 'HEIC';
  }
  return brands.some((brand) => /^m(if|sf)1$/.test(brand)) ? 'HEIC' : 'video';
}

/** SVG and web pages: after a byte-order mark, a declaration, comments and a document type comes the first element. */
function kindOfMarkup(text: string): ContentKind | undefined {
  const body = text.replace(/^\xef\xbb\xbf/, '').trimStart();
  if (!body.startsWith('<')) return undefined;
  if (/^<!doctype\s+html|<html[\s>]/i.test(body)) return 'HTML';
  if (/<(\w+:)?svg[\s>]/.test(body)) return 'SVG';
  return undefined;
}

/** `is HEIC inside, named .jpg`: the reason why a file is not used. */
export function insideReason(kind: OtherKind, extension: string): string {
  const named = extension === '' ? 'without an extension' : `named .${extension}`;
  switch (kind) {
    case 'HEIC':
    case 'JPEG XL':
    case 'JPEG 2000':
    case 'BMP':
    case 'ICO':
    case 'PSD':
      return `is ${kind} inside, ${named}: convert it to JPEG or PNG`;
    case 'PDF':
    case 'ZIP':
    case 'gzip':
      return `is no image but ${kind} inside, ${named}`;
    case 'HTML':
      return `is a web page inside, ${named}: the download went wrong`;
    case 'video':
      return `is a video inside, ${named}`;
    case 'Git LFS pointer':
      return 'is a pointer of Git LFS, not the image: git lfs pull';
  }
}
