// Time zone names that mail has used, with their distance from Greenwich in minutes (east is positive). Behind util.date_to_time.
// Several are ambiguous; these are the readings the API has always had. RFC 5322 section 4.3 knows only some of them.

const hoursEast: readonly (readonly [number, string])[] = [
  [13, 'NZDT'],
  [12, 'IDLE NZST NZT M'],
  [11, 'AESST L'],
  [10.5, 'ACSST CADT SADT'],
  [10, 'AEST EAST GST LIGT K'],
  [9.5, 'SAST CAST'],
  [9, 'AWSST JST KST MHT WDT I'],
  [8.5, 'MT'],
  [8, 'AWST CCT WADT WST H'],
  [7.5, 'JT'],
  [7, 'ALMST WAST CXT G'],
  [6.5, 'MMT'],
  [6, 'ALMT MAWT F'],
  [5, 'IOT MVT TFT E'],
  [4.5, 'AFT'],
  [4, 'MUT RET SCT D'],
  [3.5, 'IRT IT'],
  [3, 'EAT BT EETDST HMT C'],
  [2, 'BDST CEST CETDST EET FWT IST MEST METDST SST B'],
  [1, 'BST CET DNT FST MET MEWT MEZ NOR SET SWT WETDST A'],
  [0, 'GMT UTC UT ZULU WET Z'],
  [-1, 'WAT FNST N'],
  [-2, 'FNT BRST O'],
  [-2.5, 'NDT'],
  [-3, 'ADT AWT BRT P'],
  [-3.5, 'NFT NST'],
  [-4, 'AST ACST EDT Q'],
  [-5, 'ACT CDT EST R'],
  [-6, 'CST MDT S'],
  [-7, 'MST PDT T'],
  [-8, 'AKDT PST YDT U'],
  [-9, 'AKST HDT YST V'],
  [-9.5, 'MART'],
  [-10, 'AHST HST CAT W'],
  [-11, 'NT X'],
  [-12, 'IDLW Y'],
];

/** Minutes east by upper-case name. */
export const zoneMinutes: ReadonlyMap<string, number> = new Map(
  hoursEast.flatMap(([hours, names]) => names.split(' ').map((name) => [name, hours * 60] as const)),
);
