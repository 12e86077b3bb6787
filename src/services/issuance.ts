/** How signatures of Fulcio's key are compared with what the CT logs show. */
export const issuance = {
  /** One for the precertificate, which the log takes, and one for the certificate with the log's answer. */
  signaturesPerCertificate: 2,
  /** Time whose signatures are counted together. */
  windowMinutes: 60,
  /** How long after a signature its certificate may be seen in the log: the next look of the monitor, or the one after. */
  seenLateMinutes: 30,
  /** How long an event of CloudTrail may take: its certificate may have been seen before. */
  toldLateMinutes: 15,
} as const;
