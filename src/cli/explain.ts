import type { Command } from 'commander';
import type { StoryAnswer } from './answers.ts';
import { connect } from './connection.ts';
import { storyText } from './story.ts';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('the whole story of a booking: events, decisions, keys, deliveries, debts, and what happens next')
    .argument('<source>', 'name of the source, e.g. default')
    .argument('<booking>', "the source's own id of the booking")
    .action(async (source: string, booking: string, _options: object, command: Command) => {
      const { api, out } = await connect(command);
      const story = await api.get<StoryAnswer>('/explain', { source, booking });
      out.result(story, () => storyText(story));
    });
}
