import type { Verb } from '../src/cli/command.ts';

/** Every verb of the command line, in the order of the help. */
export const verbs: readonly Verb[] = [
  { words: ['up'], load: async () => (await import('./up.ts')).upCommand },
  { words: ['status'], load: async () => (await import('./status.ts')).statusCommand },
  { words: ['env'], load: async () => (await import('./env.ts')).envCommand },
  { words: ['login'], load: async () => (await import('./login.ts')).loginCommand },
  { words: ['smoke'], load: async () => (await import('./smoke.ts')).smokeCommand },
  { words: ['logs'], load: async () => (await import('./logs.ts')).logsCommand },
  { words: ['down'], load: async () => (await import('./down.ts')).downCommand },
  { words: ['freeze'], load: async () => (await import('./freeze.ts')).freezeCommand },
  { words: ['trust', 'compile'], load: async () => (await import('./trust-commands.ts')).trustCompileCommand },
  { words: ['trust', 'lint'], load: async () => (await import('./trust-commands.ts')).trustLintCommand },
  { words: ['trust', 'diff'], load: async () => (await import('./trust-commands.ts')).trustDiffCommand },
  { words: ['images', 'build'], load: async () => (await import('./images-commands.ts')).imagesBuildCommand },
  { words: ['images', 'push'], load: async () => (await import('./images-commands.ts')).imagesPushCommand },
  { words: ['aws', 'record'], load: async () => (await import('./aws/record.ts')).awsRecordCommand },
  { words: ['aws', 'material'], load: async () => (await import('./aws/material.ts')).awsMaterialCommand },
  { words: ['ceremony', 'init'], load: async () => (await import('../ceremony/verbs/init.ts')).ceremonyInitCommand },
  {
    words: ['ceremony', 'invite'],
    load: async () => (await import('../ceremony/verbs/invite.ts')).ceremonyInviteCommand,
  },
  {
    words: ['ceremony', 'enroll'],
    load: async () => (await import('../ceremony/verbs/enroll.ts')).ceremonyEnrollCommand,
  },
  { words: ['ceremony', 'plan'], load: async () => (await import('../ceremony/verbs/plan.ts')).ceremonyPlanCommand },
  {
    words: ['ceremony', 'freeze'],
    load: async () => (await import('../ceremony/verbs/plan.ts')).ceremonyFreezeCommand,
  },
  { words: ['ceremony', 'amend'], load: async () => (await import('../ceremony/verbs/plan.ts')).ceremonyAmendCommand },
  {
    words: ['ceremony', 'packet', 'export'],
    load: async () => (await import('../ceremony/verbs/packet.ts')).ceremonyPacketExportCommand,
  },
  {
    words: ['ceremony', 'packet', 'import'],
    load: async () => (await import('../ceremony/verbs/packet.ts')).ceremonyPacketImportCommand,
  },
  {
    words: ['ceremony', 'review'],
    load: async () => (await import('../ceremony/verbs/review.ts')).ceremonyReviewCommand,
  },
  { words: ['ceremony', 'sign'], load: async () => (await import('../ceremony/verbs/sign.ts')).ceremonySignCommand },
  {
    words: ['ceremony', 'add-signature'],
    load: async () => (await import('../ceremony/verbs/collect.ts')).ceremonyAddSignatureCommand,
  },
  {
    words: ['ceremony', 'assemble'],
    load: async () => (await import('../ceremony/verbs/collect.ts')).ceremonyAssembleCommand,
  },
  {
    words: ['ceremony', 'publish'],
    load: async () => (await import('../ceremony/verbs/publish.ts')).ceremonyPublishCommand,
  },
  {
    words: ['ceremony', 'transcript', 'verify'],
    load: async () => (await import('../ceremony/verbs/transcript.ts')).ceremonyTranscriptVerifyCommand,
  },
  {
    words: ['ceremony', 'transcript', 'render'],
    load: async () => (await import('../ceremony/verbs/transcript.ts')).ceremonyTranscriptRenderCommand,
  },
  {
    words: ['ceremony', 'rehearse'],
    load: async () => (await import('./rehearse/rehearse.ts')).ceremonyRehearseCommand,
  },
  {
    words: ['ceremony', 'import'],
    load: async () => (await import('../ceremony/verbs/import.ts')).ceremonyImportCommand,
  },
  { words: ['ceremony', 'lint'], load: async () => (await import('../ceremony/verbs/doctor.ts')).ceremonyLintCommand },
  {
    words: ['ceremony', 'doctor'],
    load: async () => (await import('../ceremony/verbs/doctor.ts')).ceremonyDoctorCommand,
  },
  { words: ['ceremony', 'status'], load: async () => (await import('./ceremony-status.ts')).ceremonyStatusCommand },
  {
    words: ['ceremony', 'verify'],
    load: async () => (await import('../ceremony/verbs/verify.ts')).ceremonyVerifyCommand,
  },
  {
    words: ['ceremony', 'resign-online'],
    load: async () => (await import('./ceremony-commands.ts')).ceremonyResignOnlineCommand,
  },
  {
    words: ['ceremony', 'ca', 'plan'],
    load: async () => (await import('../ceremony/verbs/ca-plan.ts')).ceremonyCaPlanCommand,
  },
  {
    words: ['ceremony', 'ca', 'authorise'],
    load: async () => (await import('../ceremony/verbs/ca-authorise.ts')).ceremonyCaAuthoriseCommand,
  },
  {
    words: ['ceremony', 'ca', 'run'],
    load: async () => (await import('../ceremony/verbs/ca-run.ts')).ceremonyCaRunCommand,
  },
  {
    words: ['ceremony', 'ca-backup', 'split'],
    load: async () => (await import('../ceremony/verbs/ca-backup.ts')).ceremonyCaBackupSplitCommand,
  },
  {
    words: ['ceremony', 'ca-backup', 'verify'],
    load: async () => (await import('../ceremony/verbs/ca-backup.ts')).ceremonyCaBackupVerifyCommand,
  },
  {
    words: ['ceremony', 'ca-backup', 'restore'],
    load: async () => (await import('../ceremony/verbs/ca-backup.ts')).ceremonyCaBackupRestoreCommand,
  },
];
