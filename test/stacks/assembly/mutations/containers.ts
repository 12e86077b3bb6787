import { container, type Mutation, on, type Writable } from './edit.ts';

const isGatedRekor = /^acme-rekor-log2026-1$/;

export const containersMutations: readonly Mutation[] = [
  {
    rule: 'container-image-by-digest',
    what: 'a tag',
    change: container((it) => {
      it.Image = it.Image.replace(/@.*/, ':latest');
    }),
  },
  {
    rule: 'container-writes-nowhere',
    what: 'a file system that it writes to',
    change: container((it) => {
      it.ReadonlyRootFilesystem = false;
    }),
  },
  {
    rule: 'container-writes-nowhere',
    what: 'a volume',
    change: container((it) => {
      it.MountPoints = [{ ContainerPath: '/data', SourceVolume: 'data' }];
    }),
  },
  {
    rule: 'container-user',
    what: 'root',
    change: container((it) => {
      it.User = '0:0';
    }),
  },
  {
    rule: 'container-user',
    what: 'a user that the image chooses',
    change: container((it) => {
      it.User = undefined;
    }),
  },
  {
    rule: 'container-no-privileges',
    what: 'privileges',
    change: container((it) => {
      it.Privileged = true;
    }),
  },
  {
    rule: 'container-no-privileges',
    what: 'a capability',
    change: container((it) => {
      it.LinuxParameters.Capabilities.Add = ['SYS_PTRACE'];
    }),
  },
  {
    rule: 'container-no-privileges',
    what: 'what Docker leaves',
    change: container((it) => {
      it.LinuxParameters = undefined;
    }),
  },
  {
    rule: 'container-shows-no-secret',
    what: 'a password in an argument',
    change: container((it) => {
      it.Command.push('--db_password=hunter2');
    }),
  },
  {
    rule: 'container-shows-no-secret',
    what: 'a password in a DSN',
    change: container((it) => {
      it.Command.push('--aws-mysql-dsn=rekor:hunter2@tcp(database:3306)/rekor');
    }),
  },
  {
    rule: 'container-shows-no-secret',
    what: 'a password in a variable',
    change: container((it) => {
      it.Environment.push({ Name: 'DATABASE_PASSWORD', Value: 'hunter2' });
    }),
  },
  {
    rule: 'container-shows-no-secret',
    what: 'a secret that CloudFormation resolves',
    change: container((it) => {
      it.Environment.push({
        Name: 'X',
        Value: { 'Fn::Join': ['', ['{{resolve:secretsmanager:', { Ref: 'S' }, '}}']] },
      });
    }),
  },
  {
    rule: 'container-shows-no-secret',
    what: 'a private key',
    change: container((it) => {
      it.Environment.push({ Name: 'KEY', Value: '-----BEGIN EC PRIVATE KEY-----' });
    }),
  },
  {
    rule: 'container-health-check',
    what: 'a server that nobody asks',
    change: container((it) => {
      it.HealthCheck = undefined;
    }, /-fulcio$/),
  },
  {
    rule: 'container-health-check',
    what: 'a check that always passes',
    change: container((it) => {
      it.HealthCheck.Command = ['CMD', '/entry', '--help'];
    }),
  },
  {
    rule: 'container-health-check',
    what: 'a check of another task',
    change: container((it) => {
      it.HealthCheck.Command = ['CMD', '/entry', 'health', 'http://fulcio.acme.internal:5555/healthz'];
    }),
  },
  {
    rule: 'container-health-check',
    what: 'a server that one slow answer ends',
    change: container((it) => {
      it.HealthCheck.Retries = 1;
    }),
  },
  {
    rule: 'log-has-time-to-stop',
    what: 'a log that is killed after half a minute',
    change: container((it) => {
      it.StopTimeout = 30;
    }, /rekor-log2026-1$/),
  },
  {
    rule: 'log-has-time-to-stop',
    what: 'a log with what is usual',
    change: container((it) => {
      it.StopTimeout = undefined;
    }, /ct-ct2026-1$/),
  },
  {
    rule: 'container-gate-judges-writers',
    what: 'a Rekor that others reach',
    profile: 'private',
    change: container((it) => {
      it.Command = it.Command.map((word: unknown) =>
        word === '--http-address=127.0.0.1' ? '--http-address=0.0.0.0' : word,
      );
    }, isGatedRekor),
  },
  {
    rule: 'container-gate-judges-writers',
    what: 'no gate',
    profile: 'private',
    change: gatedTask((containers) => containers.pop()),
  },
  {
    rule: 'container-gate-judges-writers',
    what: 'a gate that nobody asks',
    profile: 'private',
    change: on(
      'AWS::ECS::Service',
      ({ Properties }) => {
        Properties.LoadBalancers[0].ContainerName = 'server';
      },
      ({ properties }) => properties['ServiceName'] === 'rekor-log2026-1',
    ),
  },
  {
    rule: 'container-writes-nowhere',
    what: 'a gate with a file system that it writes to',
    profile: 'private',
    change: gatedTask(([, gate]) => {
      gate.ReadonlyRootFilesystem = false;
    }),
  },
  {
    rule: 'container-health-check',
    what: 'a gate that nobody asks whether it is well',
    profile: 'private',
    change: gatedTask(([, gate]) => {
      gate.HealthCheck = undefined;
    }),
  },
];

function gatedTask(edit: (containers: Writable) => void) {
  return on(
    'AWS::ECS::TaskDefinition',
    ({ Properties }) => edit(Properties.ContainerDefinitions),
    ({ properties }) => isGatedRekor.test(String(properties['Family'])),
  );
}
