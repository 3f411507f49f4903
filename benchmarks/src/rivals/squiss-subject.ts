import { type Message, Squiss } from 'squiss-ts';
import { clientSettings } from '../contenders/contender.ts';
import type { Target } from '../server/start-load-server.ts';
import type { Handle, Settings, Subject } from './library.ts';

export function openSquiss({ endpoint, queueUrl }: Target, handle: Handle, settings: Settings): Subject {
  const { slots, waitS, leaseS, retryDelayS, isUnheard } = settings;
  const squiss = new Squiss({
    awsConfig: { ...clientSettings, endpoint },
    queueUrl,
    bodyFormat: 'json',
    ...(slots !== undefined && { maxInFlight: slots }),
    ...(waitS !== undefined && { receiveWaitTimeSecs: waitS }),
    ...(leaseS !== undefined && {
      autoExtendTimeout: true,
      visibilityTimeoutSecs: leaseS,
      advancedCallMs: leaseS * 500,
    }),
  });
  squiss.on('message', (message) => void handled(message, handle, retryDelayS));
  if (!isUnheard) {
    squiss.on('error', () => undefined);
  }
  const stop = async (): Promise<void> => {
    await squiss.stop();
  };
  return { start: () => void squiss.start(), stop, stopSoon: stop };
}

async function handled(message: Message, handle: Handle, retryDelayS: number | undefined): Promise<void> {
  const { MessageId: id = '' } = message.raw;
  try {
    await handle({ id, body: message.body });
  } catch {
    message.keep(); // it is renewed no more
    if (retryDelayS !== undefined) {
      await message.changeVisibility(retryDelayS);
    }
    return;
  }
  await message.del();
}
