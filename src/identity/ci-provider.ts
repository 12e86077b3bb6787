/** CI systems whose tokens carry a workflow instead of a person. */
export type CiProvider = 'github-workflow' | 'gitlab-pipeline' | 'buildkite-job';

/** How Fulcio turns the claims of a CI token into a certificate: a claim's name, or a Go template over the claims. */
export interface CiMetadata {
  readonly DefaultTemplateValues: Readonly<Record<string, string>>;
  readonly ExtensionTemplates: Readonly<Record<string, string>>;
  readonly SubjectAlternativeNameTemplate: string;
}

/**
 * Returns what Fulcio needs to know about a CI system, for tokens of the platform at `url`.
 *
 * The names of the certificate's extensions and where they come from are those of the public instance, so that a
 * verification policy written for one works with the other. A claim that a template names and a token lacks makes
 * Fulcio refuse; `DefaultTemplateValues` are the exceptions.
 * @see https://github.com/sigstore/fulcio/blob/v1.8.8/config/identity/config.yaml
 */
export function ciMetadata(provider: CiProvider, url = defaultUrls[provider]): CiMetadata {
  const metadata = templates[provider];
  return { ...metadata, DefaultTemplateValues: { ...metadata.DefaultTemplateValues, url } };
}

const defaultUrls: Readonly<Record<CiProvider, string>> = {
  'github-workflow': 'https://github.com',
  'gitlab-pipeline': 'https://gitlab.com',
  'buildkite-job': 'https://buildkite.com',
};

const github: CiMetadata = {
  DefaultTemplateValues: { environment: '' },
  ExtensionTemplates: {
    GithubWorkflowTrigger: 'event_name',
    GithubWorkflowSHA: 'sha',
    GithubWorkflowName: 'workflow',
    GithubWorkflowRepository: 'repository',
    GithubWorkflowRef: 'ref',
    BuildSignerURI: '{{ .url }}/{{ .job_workflow_ref }}',
    BuildSignerDigest: 'job_workflow_sha',
    RunnerEnvironment: 'runner_environment',
    SourceRepositoryURI: '{{ .url }}/{{ .repository }}',
    SourceRepositoryDigest: 'sha',
    SourceRepositoryRef: 'ref',
    SourceRepositoryIdentifier: 'repository_id',
    SourceRepositoryOwnerURI: '{{ .url }}/{{ .repository_owner }}',
    SourceRepositoryOwnerIdentifier: 'repository_owner_id',
    BuildConfigURI: '{{ .url }}/{{ .workflow_ref }}',
    BuildConfigDigest: 'workflow_sha',
    BuildTrigger: 'event_name',
    RunInvocationURI: '{{ .url }}/{{ .repository }}/actions/runs/{{ .run_id }}/attempts/{{ .run_attempt }}',
    SourceRepositoryVisibilityAtSigning: 'repository_visibility',
    DeploymentEnvironment: 'environment',
  },
  SubjectAlternativeNameTemplate: '{{ .url }}/{{ .job_workflow_ref }}',
};

const gitlab: CiMetadata = {
  DefaultTemplateValues: { environment: '' },
  ExtensionTemplates: {
    BuildSignerURI: 'https://{{ .ci_config_ref_uri }}',
    BuildSignerDigest: 'ci_config_sha',
    RunnerEnvironment: 'runner_environment',
    SourceRepositoryURI: '{{ .url }}/{{ .project_path }}',
    SourceRepositoryDigest: 'sha',
    SourceRepositoryRef: 'refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}',
    SourceRepositoryIdentifier: 'project_id',
    SourceRepositoryOwnerURI: '{{ .url }}/{{ .namespace_path }}',
    SourceRepositoryOwnerIdentifier: 'namespace_id',
    BuildConfigURI: 'https://{{ .ci_config_ref_uri }}',
    BuildConfigDigest: 'ci_config_sha',
    BuildTrigger: 'pipeline_source',
    RunInvocationURI: '{{ .url }}/{{ .project_path }}/-/jobs/{{ .job_id }}',
    SourceRepositoryVisibilityAtSigning: 'project_visibility',
    DeploymentEnvironment: 'environment',
  },
  SubjectAlternativeNameTemplate: 'https://{{ .ci_config_ref_uri }}',
};

const buildkite: CiMetadata = {
  DefaultTemplateValues: {},
  ExtensionTemplates: {
    RunInvocationURI: '{{.url}}/{{.organization_slug}}/{{.pipeline_slug}}/builds/{{.build_number}}#{{.job_id}}',
    RunnerEnvironment: 'runner_environment',
    SourceRepositoryDigest: 'build_commit',
    BuildTrigger: 'build_source',
  },
  SubjectAlternativeNameTemplate: '{{.url}}/{{.organization_slug}}/{{.pipeline_slug}}',
};

const templates: Readonly<Record<CiProvider, CiMetadata>> = {
  'github-workflow': github,
  'gitlab-pipeline': gitlab,
  'buildkite-job': buildkite,
};
